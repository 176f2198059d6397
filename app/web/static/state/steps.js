/** What was done, to be undone and done again. */

/**
 * What was done; `undo` and `redo` say whether they could: what it did may have been changed since.
 * They are told which version was looked at, if one was asked about it.
 * @typedef {{does: string, redo: (seen?: number) => boolean, undo: (seen?: number) => boolean}} Step
 */

export class Steps {
  constructor() {
    /** @type {Step[]} */
    this._done = [];
    /** @type {Step[]} */
    this._undone = [];
    /** Under which id something is now that was withdrawn and came back. */
    /** @type {Map<string, string>} */
    this._names = new Map();
    /** The writes that each step has sent, by their keys. */
    /** @type {WeakMap<Step, Set<string>>} */
    this._sent = new WeakMap();
    /** The step that is being done or undone now. */
    /** @type {Step | null} */
    this._now = null;
  }

  /** What `undo` would undo; empty when there is nothing. */
  get last() {
    return this._done.at(-1)?.does ?? "";
  }

  /** What `redo` would do again; empty when there is nothing. */
  get next() {
    return this._undone.at(-1)?.does ?? "";
  }

  /**
   * Do a step, which can then be undone.
   * @param {Step} step
   * @param {number} [seen]
   */
  did(step, seen) {
    if (!this._run(step, () => step.redo(seen))) return;
    this._done.push(step);
    this._undone = [];
  }

  /** @param {number} [seen] @returns {string} what happened, for people */
  undo(seen) {
    const step = this._done.at(-1);
    if (!step) return "Nothing to undo.";
    const isUndone = this._run(step, () => step.undo(seen));
    this._done.pop();
    if (!isUndone) return `Not undone, for it was changed meanwhile: ${step.does}`;
    this._undone.push(step);
    return `Undone: ${step.does}`;
  }

  /** @param {number} [seen] @returns {string} what happened, for people */
  redo(seen) {
    const step = this._undone.at(-1);
    if (!step) return "Nothing to do again.";
    const isDone = this._run(step, () => step.redo(seen));
    this._undone.pop();
    if (!isDone) return `Not done again, for it was changed meanwhile: ${step.does}`;
    this._done.push(step);
    return `Done again: ${step.does}`;
  }

  /** @param {Step} step @param {() => boolean} act */
  _run(step, act) {
    this._now = step;
    try {
      return act();
    } finally {
      this._now = null;
    }
  }

  /**
   * Note that a write is sent, for the step that is being done or undone.
   * @param {string} key of the write
   */
  sends(key) {
    if (!this._now) return;
    const keys = this._sent.get(this._now) ?? new Set();
    this._sent.set(this._now, keys.add(key));
  }

  /**
   * Forget the step that sent a write, for the write was refused: it did not happen, or was not undone.
   * @param {string} key of the write
   */
  refused(key) {
    const stands = (/** @type {Step} */ step) => !this._sent.get(step)?.has(key);
    this._done = this._done.filter(stands);
    this._undone = this._undone.filter(stands);
  }

  /**
   * Note that what was under one id is under another now.
   * @param {string} before
   * @param {string} now
   */
  rename(before, now) {
    if (before && before !== now) this._names.set(before, now);
  }

  /**
   * The id under which something is now.
   * @param {string} id
   */
  named(id) {
    let found = id;
    for (let next = this._names.get(found); next; next = this._names.get(found)) found = next;
    return found;
  }
}
