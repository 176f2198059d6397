/** A caret in a text that is not edited: to select by keyboard as one would in an editor. */

import { following, unit } from "./bounds.js";

/** @typedef {"left" | "right" | "backward" | "forward"} Direction */
/** @typedef {"character" | "word" | "sentence" | "line" | "lineboundary" | "page" | "text"} Step */

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
    paper.onMoved(() => this.draw(), signal);
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
    const box = this._paper.box(at.start);
    const around = /** @type {HTMLElement} */ (host.parentElement).getBoundingClientRect();
    this._mark.style.left = `${box.left - around.left}px`;
    this._mark.style.top = `${box.top - around.top}px`;
    this._mark.style.height = `${box.height || 24}px`;
  }

  /**
   * Put the caret where the reader is, unless something of the text is selected.
   * @returns the ends of what is selected then, as offsets
   */
  place() {
    const paper = this._paper;
    let ends = paper.ends();
    if (!ends) {
      const { start } = paper.inSight();
      ends = { anchor: start, focus: start };
    }
    const { anchorNode, focusNode } = getSelection() ?? {};
    // What goes on beside the text is brought back into it. Else it stays as it is: the browser
    // remembers in which column the caret goes up and down.
    const within = [anchorNode, focusNode].every((node) => node && paper.host.contains(node));
    if (!within) paper.select(ends.anchor, ends.focus);
    return ends;
  }

  /**
   * Move the caret, or one end of the selection.
   * @param {Direction} direction
   * @param {Step} step
   * @param {boolean} extend
   */
  move(direction, step, extend) {
    const { anchor, focus: before } = this.place();
    const paper = this._paper;
    const selection = /** @type {Selection} */ (getSelection());
    let focus;
    if (step === "sentence") {
      focus = this._sentence(before, this._isOn(direction, before));
    } else if (step === "text") {
      focus = direction === "forward" ? paper.text.length : 0;
    } else if (step === "page") {
      // The browser does not go by pages, nor by lines into what it has not laid out yet.
      const at = paper.aPageFrom(before, direction === "forward");
      focus = unit(paper.text, at, "grapheme", this._language)?.start ?? at;
    } else {
      selection.modify(extend ? "extend" : "move", direction, step);
      const { focusNode, focusOffset } = selection;
      focus = focusNode ? paper.nearest(focusNode, focusOffset) : before;
      if (focusNode && paper.host.contains(focusNode)) {
        paper.reveal(focus);
        return;
      }
      // At the text's end the browser goes on into the page, on either side.
    }
    paper.select(extend ? anchor : focus, focus);
    paper.reveal(focus);
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

  /**
   * Whether a direction leads on in the text: in a right-to-left paragraph, left does.
   * @param {Direction} direction
   * @param {number} offset
   */
  _isOn(direction, offset) {
    if (direction === "forward" || direction === "backward") return direction === "forward";
    return direction === (this._paper.isRightToLeft(offset) ? "left" : "right");
  }

  /**
   * Where the sentence ends that an offset stands in or, going back, where it begins.
   * @param {number} offset
   * @param {boolean} on
   */
  _sentence(offset, on) {
    const { text } = this._paper;
    if (on) {
      const here = unit(text, offset, "sentence", this._language);
      return here?.end ?? Math.min(offset + 1, text.length);
    }
    const before = Math.max(offset - 1, 0);
    return unit(text, before, "sentence", this._language)?.start ?? before;
  }
}
