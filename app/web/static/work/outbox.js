/**
 * Writes that are on their way. Each is kept in this browser until the API has answered it, sent
 * again when nobody answers, and after a reload: so none is lost, and none, having an id or a
 * version of its own, is done twice.
 */

import { Refused, Unreachable, send } from "../api.js";

/**
 * @typedef {object} Write
 * @property {string} key of the write itself
 * @property {string} subject what it changes: writes to one subject are sent in order
 * @property {"POST" | "PATCH" | "DELETE"} method
 * @property {string} address
 * @property {unknown} [body]
 * @property {number} [version] the version that was seen, for If-Match
 * @property {string} does what it does, for people: “Mark a claim”
 */

/**
 * @typedef {object} Outcome
 * @property {Write} write
 * @property {any} [answer] what the API made of it
 * @property {Refused} [refused] why it was refused; then what waited behind it is dropped too
 */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

export class Outbox extends EventTarget {
  /**
   * @param {string} owner whose writes they are: another user of the browser sends none of them
   * @param {Storage} [storage]
   */
  constructor(owner, storage = localStorage) {
    super();
    this._name = `stet.outbox.${owner}`;
    this._storage = storage;
    /** @type {Write[]} */
    this.waiting = JSON.parse(storage.getItem(this._name) ?? "[]");
    /** Why nothing gets through at the moment; empty when nothing is known to be wrong. */
    this.trouble = "";
    this._sending = false;
    this._failures = 0;
    addEventListener("online", () => this._now());
  }

  /**
   * Send a write, after those that wait already.
   * @param {Write} write
   */
  add(write) {
    this.waiting.push(write);
    this._keep();
    this._now();
  }

  /**
   * Whether something is on its way for this subject.
   * @param {string} subject
   */
  has(subject) {
    return this.waiting.some((write) => write.subject === subject);
  }

  /** Begin with what an earlier visit left. */
  resume() {
    this._now();
  }

  /**
   * Give the writes that wait for this subject the version that it has now.
   * @param {string} subject
   * @param {number} version
   */
  reversion(subject, version) {
    for (const write of this.waiting) {
      if (write.subject === subject && write.version !== undefined) write.version = version;
    }
  }

  /**
   * Take back what waits for a subject.
   * @param {string} subject
   */
  drop(subject) {
    this.waiting = this.waiting.filter((write) => write.subject !== subject);
  }

  _keep() {
    if (this.waiting.length) this._storage.setItem(this._name, JSON.stringify(this.waiting));
    else this._storage.removeItem(this._name);
    this.dispatchEvent(new Event("change"));
  }

  _now() {
    clearTimeout(this._timer);
    this._timer = undefined;
    void this._send();
  }

  async _send() {
    if (this._sending) return;
    this._sending = true;
    try {
      while (this.waiting.length && this._timer === undefined) await this._sendFirst();
    } finally {
      this._sending = false;
    }
  }

  async _sendFirst() {
    const write = /** @type {Write} */ (this.waiting[0]);
    const { method, address, body, version } = write;
    /** @type {Outcome} */
    const outcome = { write };
    try {
      const options = version === undefined ? { body } : { body, version };
      outcome.answer = await send(method, address, options);
    } catch (error) {
      if (error instanceof Unreachable || (error instanceof Refused && error.status === 401)) {
        this._wait(/** @type {Error} */ (error));
        return;
      }
      if (!(error instanceof Refused)) throw error;
      if (method === "DELETE" && error.status === 410) outcome.answer = null;
      else if (took(write, error)) outcome.answer = error.problem.current;
      else outcome.refused = error;
    }
    this._failures = 0;
    this.trouble = "";
    this.waiting.shift();
    const made = outcome.answer?.version;
    if (outcome.refused) this.drop(write.subject);
    else if (typeof made === "number") this.reversion(write.subject, made);
    this._keep();
    this.dispatchEvent(new CustomEvent("outcome", { detail: outcome }));
  }

  /** @param {Error} error */
  _wait(error) {
    this._failures += 1;
    this.trouble = error.message;
    const asked = error instanceof Unreachable ? error.seconds * 1000 : 0;
    const doubling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this._failures - 1));
    this._timer = setTimeout(() => this._now(), Math.max(asked, doubling));
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Whether an edit that is refused as stale is there already: its answer was lost, and it was sent
 * again. The next version then says all that the edit says.
 * @param {Write} write
 * @param {Refused} refused
 */
function took(write, refused) {
  const { current } = refused.problem;
  if (write.method !== "PATCH" || refused.status !== 412 || !current) return false;
  if (current.version !== (write.version ?? 0) + 1) return false;
  const said = /** @type {Record<string, unknown>} */ (write.body);
  const stands = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (current));
  return Object.entries(said).every(([name, value]) => same(value, stands[name]));
}

/**
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function same(one, other) {
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) =>
    same(
      /** @type {Record<string, unknown>} */ (one)[name],
      /** @type {Record<string, unknown>} */ (other)[name],
    ),
  );
}

/** @type {Map<string, Outbox>} */
const outboxes = new Map();

/**
 * The outbox of a user, the same one for all views.
 * @param {string} owner
 */
export function outboxOf(owner) {
  let found = outboxes.get(owner);
  if (!found) {
    found = new Outbox(owner);
    outboxes.set(owner, found);
  }
  return found;
}
