/** What a write says, to whom it goes, and what is known of one that was refused. */

import { same } from "./same.js";

/**
 * @typedef {object} Write
 * @property {string} key of the write itself
 * @property {string} subject what it changes: writes to one subject are sent in order
 * @property {"POST" | "PATCH" | "DELETE"} method
 * @property {string} address
 * @property {unknown} [body]
 * @property {number} [version] the version that was seen, for If-Match
 * @property {string} does what it does, for people: “Mark a claim”
 * @property {true} [isAnswer] written under “Came back”, whose form shows why it was refused
 */

/**
 * A write that was refused, why, and the writes to the same subject that waited behind it. All are
 * kept until somebody gives them up.
 * @typedef {{write: Write, behind: Write[], problem: import("../types").Problem}} Refusal
 */

/**
 * Whether an edit that is refused as stale is there already: its answer was lost, and it was sent
 * again. The next version then says all that the edit says.
 * @param {Write} write
 * @param {import("../api.js").Refused} refused
 */
export function took(write, refused) {
  const { current } = refused.problem;
  if (write.method !== "PATCH" || refused.status !== 412 || !current) return false;
  if (current.version !== (write.version ?? 0) + 1) return false;
  const said = /** @type {Record<string, unknown>} */ (write.body);
  const stands = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (current));
  return Object.entries(said).every(([name, value]) => same(value, stands[name]));
}

/**
 * All that was wanted of what was refused, the last word of each.
 * @param {Refusal} refusal
 * @returns {Record<string, unknown>}
 */
export function wantedBy({ write, behind }) {
  return Object.assign({}, write.body, ...behind.map(({ body }) => body));
}
