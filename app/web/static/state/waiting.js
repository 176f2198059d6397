/** Which document waits for one: the oldest without annotations of one's own. */

import { pages, path, query } from "../api.js";
import { keep, recall } from "./kept.js";

/** @typedef {import("../types").DocumentItem} DocumentItem */

/** So many that have nothing to mark are remembered, the newest. */
const MOST = 999;

/** @param {string} project @param {string} me */
const nameOf = (project, me) => `stet.aside.${me}/${project}`;

/**
 * The ids of the documents that one has set aside, in this browser, for they have nothing to mark.
 * @param {string} project its slug
 * @param {string} me
 * @returns {string[]}
 */
export function aside(project, me) {
  try {
    return JSON.parse(recall(nameOf(project, me)) ?? "[]");
  } catch {
    return [];
  }
}

/**
 * @param {string} project
 * @param {string} me
 * @param {string} id of a document that is not offered any more
 */
export function setAside(project, me, id) {
  const others = aside(project, me).filter((one) => one !== id);
  keep(nameOf(project, me), JSON.stringify([...others, id].slice(-MOST)));
}

/** @param {string} project @param {string} me */
export function offerAgain(project, me) {
  keep(nameOf(project, me), null);
}

/**
 * The document that waits longest for one's annotations.
 * @param {string} project its slug
 * @param {string} me
 * @param {{but?: string, signal?: AbortSignal}} [more] `but` is the id of one that is not meant
 * @returns {Promise<DocumentItem | undefined>}
 */
export async function waitingFor(project, me, { but = "", signal } = {}) {
  const left = new Set([...aside(project, me), but]);
  const asked = { annotated: "false", annotated_by: me, order: "oldest" };
  const address = path`/v1/projects/${project}/documents` + query(asked);
  const options = { limit: Math.min(left.size + 1, 1000), ...(signal && { signal }) };
  for await (const items of pages(address, options)) {
    const found = items.find((/** @type {DocumentItem} */ { id }) => !left.has(id));
    if (found) return found;
  }
  return undefined;
}
