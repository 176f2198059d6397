/** What was done, to be undone and done again. */

/** @typedef {{does: string, redo: () => void, undo: () => void}} Step */

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
    step.redo();
    this._done.push(step);
    this._undone = [];
  }

  /** @returns {string} what was undone; empty when there was nothing */
  undo() {
    const step = this._done.pop();
    if (!step) return "";
    step.undo();
    this._undone.push(step);
    return step.does;
  }

  /** @returns {string} what was done again; empty when there was nothing */
  redo() {
    const step = this._undone.pop();
    if (!step) return "";
    step.redo();
    this._done.push(step);
    return step.does;
  }

  /**
   * Note that what was under one id is under another now.
   * @param {string} before
   * @param {string} now
   */
  rename(before, now) {
    this._names.set(before, now);
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
