/**
 * What is typed and not sent yet, kept in this tab until it is: a look elsewhere loses nothing of it,
 * nor does a reload, nor signing out and in again.
 */

import { same } from "./same.js";

/** What the tab does not keep, such as for want of room, is here while the page is. */
/** @type {Map<string, unknown>} */
const only = new Map();

addEventListener("beforeunload", (event) => {
  if (only.size) event.preventDefault();
});

/** @template T */
export class Drafts {
  /**
   * @param {string} owner whose they are: another user of the tab has their own
   * @param {string} kind what is typed
   */
  constructor(owner, kind) {
    this._prefix = `stet.draft.${owner}/${kind}/`;
  }

  /**
   * @param {string} id what it is typed for
   * @returns {T | null}
   */
  get(id) {
    const name = this._prefix + id;
    if (only.has(name)) return /** @type {T} */ (only.get(name));
    try {
      return JSON.parse(sessionStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  }

  /**
   * @param {string} id
   * @param {T | null} next null for nothing any more
   * @param {T | null} [stands] what is there without a draft: what says no more is none
   * @returns {T | null} what is kept
   */
  set(id, next, stands = null) {
    const name = this._prefix + id;
    const draft = same(next, stands) ? null : next;
    only.delete(name);
    try {
      if (draft === null) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, JSON.stringify(draft));
    } catch {
      if (draft !== null) only.set(name, draft);
    }
    return draft;
  }
}
