/** A caret in a text that is not edited: to select by keyboard as one would in an editor. */

import { following, unit } from "./bounds.js";

/** @typedef {"character" | "word" | "sentence" | "line" | "lineboundary"} Step */

export class Caret {
  /**
   * @param {import("./paper.js").Paper} paper
   * @param {string | null} language of the text, BCP 47
   */
  constructor(paper, language) {
    this._paper = paper;
    this._language = language;
    this._mark = document.createElement("div");
    this._mark.className = "caret";
    this._mark.ariaHidden = "true";
    paper.host.parentElement?.append(this._mark);
    this._listening = new AbortController();
    const { signal } = this._listening;
    document.addEventListener("selectionchange", () => this.draw(), { signal });
    addEventListener("resize", () => this.draw(), { signal });
  }

  /** Draw nothing any more. */
  close() {
    this._listening.abort();
    this._mark.remove();
  }

  /** Show where the caret is, if the text has the focus. */
  draw() {
    const { host } = this._paper;
    const at = this._paper.selection();
    this._mark.hidden = !at || at.start !== at.end || document.activeElement !== host;
    if (!at || this._mark.hidden) return;
    const box = this._paper.range({ start: at.start, end: at.start }).getBoundingClientRect();
    const around = /** @type {HTMLElement} */ (host.parentElement).getBoundingClientRect();
    this._mark.style.left = `${box.left - around.left}px`;
    this._mark.style.top = `${box.top - around.top}px`;
    this._mark.style.height = `${box.height || 24}px`;
  }

  /** Put the caret where the reader is, unless something of the text is selected. */
  place() {
    if (!this._paper.selection()) this._paper.select(this._paper.inSight().start);
  }

  /**
   * Move the caret, or one end of the selection.
   * @param {"left" | "right" | "backward" | "forward"} direction
   * @param {Step} step
   * @param {boolean} extend
   */
  move(direction, step, extend) {
    this.place();
    const selection = /** @type {Selection} */ (getSelection());
    if (step === "sentence") this._sentence(direction, extend);
    else selection.modify(extend ? "extend" : "move", direction, step);
    const focus = selection.focusNode && this._paper.offset(selection.focusNode, selection.focusOffset);
    // At the text's end the browser would go on into the page.
    if (focus === null) this._paper.select(direction === "left" ? 0 : this._paper.text.length);
    else this._paper.reveal(focus);
  }

  /**
   * Select the word or sentence at the caret, or the first behind it; again, one more.
   * @param {"word" | "sentence"} step
   */
  grow(step) {
    this.place();
    const at = this._paper.selection();
    if (!at) return;
    const next = following(this._paper.text, at.end, step, this._language);
    if (!next) return;
    this._paper.select(at.start === at.end ? next.start : at.start, next.end);
    this._paper.reveal(next.end);
  }

  /** @param {number} offset @param {"word" | "sentence"} step */
  _unit(offset, step) {
    return unit(this._paper.text, offset, step, this._language);
  }

  /** @param {"left" | "right" | "backward" | "forward"} direction @param {boolean} extend */
  _sentence(direction, extend) {
    const selection = /** @type {Selection} */ (getSelection());
    const paper = this._paper;
    const anchor = selection.anchorNode && paper.offset(selection.anchorNode, selection.anchorOffset);
    const focus = selection.focusNode && paper.offset(selection.focusNode, selection.focusOffset);
    if (anchor === null || focus === null) return;
    let to;
    if (direction === "right" || direction === "forward") {
      to = this._unit(focus, "sentence")?.end ?? Math.min(focus + 1, paper.text.length);
    } else {
      const here = this._unit(Math.max(focus - 1, 0), "sentence");
      to = here?.start ?? Math.max(focus - 1, 0);
    }
    paper.select(extend ? anchor : to, to);
  }
}
