import { Drafts } from "../state/drafts.js";
import { useState } from "../vendor/preact.js";

/**
 * What one types for something. It is kept as it is typed, not later: nothing is lost, however the
 * page goes.
 * @template T
 * @param {string} owner whose it is
 * @param {string} kind what is typed
 * @param {string} id what it is typed for
 * @param {T} stands what is there while nothing else is typed
 * @returns {[T, (next: T | null) => void, boolean, () => T | null]} what is typed, or stands; to be
 *   called with what is typed next, or null for nothing any more; whether it was typed before one came
 *   here; and what is kept by now, wherever it was typed
 */
export function useDraft(owner, kind, id, stands) {
  /** @type {Drafts<T>} */
  const drafts = new Drafts(owner, kind);
  const [held, hold] = useState(() => {
    const typed = drafts.get(id);
    return { typed, isBack: typed !== null };
  });
  const set = (/** @type {T | null} */ next) => {
    const typed = drafts.set(id, next, stands);
    hold(({ isBack }) => ({ typed, isBack: isBack && typed !== null }));
  };
  return [held.typed ?? stands, set, held.isBack, () => drafts.get(id)];
}
