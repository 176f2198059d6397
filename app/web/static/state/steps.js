/** What was done, to be undone and done again. */

/**
 * What was done; `undo` and `redo` say whether they could: what it did may have been changed since.
 * @typedef {{does: string, redo: () => boolean, undo: () => boolean}} Step
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
   */
  did(step) {
    if (!step.redo()) return;
    this._done.push(step);
    this._undone = [];
  }

  /** @returns {string} what happened, for people */
  undo() {
    const step = this._done.pop();
    if (!step) return "Nothing to undo.";
    if (!step.undo()) return `Not undone, for it was changed meanwhile: ${step.does}`;
    this._undone.push(step);
    return `Undone: ${step.does}`;
  }

  /** @returns {string} what happened, for people */
  redo() {
    const step = this._undone.pop();
    if (!step) return "Nothing to do again.";
    if (!step.redo()) return `Not done again, for it was changed meanwhile: ${step.does}`;
    this._done.push(step);
    return `Done again: ${step.does}`;
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
