/**
 * A text on the page, with spans painted on it.
 *
 * Each paragraph is one text node, whatever is marked in it: spans are painted by the browser over
 * the text (CSS Custom Highlight API), not wrapped around it. So spans may nest, cross and share
 * their bounds, and a place in the page is simply an offset in the text, in UTF-16 code units.
 */

import { dress, inkOf, lay, lift, looks } from "./ink.js";
import { lanes } from "./lanes.js";
import { Paragraphs } from "./paragraphs.js";

/**
 * What is painted: a span or, when it has fragments, those alone.
 * @typedef {object} Painted
 * @property {string} id
 * @property {string} label
 * @property {number} start
 * @property {number} end
 * @property {{start: number, end: number}[] | null} [fragments]
 */

/** @typedef {{name: string, ranges: StaticRange[], span: Painted | null, lane: number}} Strokes */

export class Paper {
  /**
   * @param {HTMLElement} host emptied, and filled with the text
   * @param {string} text
   * @param {import("../types").Label[]} labels of the scheme
   */
  constructor(host, text, labels) {
    this.host = host;
    this.text = text;
    this._labels = labels;
    this._paragraphs = new Paragraphs(host, text);
    /** @type {Map<string, Strokes>} */
    this._strokes = new Map();
    /** @type {Map<string, Painted>} */
    this._spans = new Map();
    dress(labels);
  }

  /**
   * Give the labels other looks: those of a scheme that was changed.
   * @param {import("../types").Label[]} labels
   */
  dress(labels) {
    if (labels === this._labels) return;
    this._labels = labels;
    dress(labels);
    // What was painted by a label's place in the scheme may stand at another now.
    for (const [id, strokes] of this._strokes) if (strokes.span) this._erase(id, strokes);
  }

  /**
   * Paint these spans, and no others.
   * @param {Iterable<Painted>} spans
   */
  paint(spans) {
    this._spans = new Map(Array.from(spans, (span) => [span.id, span]));
    const placed = lanes(this._spans.values());
    for (const [id, strokes] of this._strokes) {
      // What is marked besides has no span here, and stays.
      if (strokes.span && !this._spans.has(id)) this._erase(id, strokes);
    }
    for (const [id, lane] of placed) {
      const span = /** @type {Painted} */ (this._spans.get(id));
      const before = this._strokes.get(id);
      // What changes is another object: among thousands of spans most are the same.
      if (before?.span === span && before.lane === lane) continue;
      if (before) this._erase(id, before);
      const { index } = looks(this._labels, span.label);
      this._strokes.set(id, { ...this._stroke(span, inkOf(index, lane)), span, lane });
    }
  }

  /**
   * Paint spans in the way of a highlight that style.css knows: `chosen`, `found`, `offered`.
   * @param {string} way
   * @param {Iterable<Omit<Painted, "id" | "label">>} spans
   */
  mark(way, spans) {
    const id = `:${way}`;
    const before = this._strokes.get(id);
    if (before) this._erase(id, before);
    const name = `stet-${way}`;
    const ranges = Array.from(spans, (span) => this._stroke(span, name).ranges).flat();
    if (ranges.length) this._strokes.set(id, { name, ranges, span: null, lane: 0 });
  }

  /** Paint nothing any more. */
  close() {
    for (const [id, strokes] of this._strokes) this._erase(id, strokes);
  }

  /**
   * Which spans have an offset in them, or something of what begins there, the shortest first.
   * @param {number} offset
   * @param {number} [until] where that ends
   */
  over(offset, until = offset + 1) {
    return [...this._spans.values()]
      .filter(({ start, end, fragments }) =>
        (fragments ?? [{ start, end }]).some((one) => one.start < until && offset < one.end),
      )
      .sort((one, other) => one.end - one.start - (other.end - other.start));
  }

  /**
   * The offset at a place of the window; null beside the text.
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    if (typeof document.caretPositionFromPoint !== "function") {
      // Older versions of Safari know it by its older name alone.
      const range = document.caretRangeFromPoint(x, y);
      return range && this.offset(range.startContainer, range.startOffset);
    }
    const found = document.caretPositionFromPoint(x, y);
    return found && this.offset(found.offsetNode, found.offset);
  }

  /**
   * The offset of a place in the page; null outside the text.
   * @param {Node} node
   * @param {number} within
   */
  offset(node, within) {
    return this._paragraphs.offset(node, within);
  }

  /**
   * What is selected, in order; null when nothing of this text is. A caret is an empty selection.
   * @returns {{start: number, end: number} | null}
   */
  selection() {
    const ends = this.ends();
    if (!ends) return null;
    const { anchor, focus } = ends;
    return { start: Math.min(anchor, focus), end: Math.max(anchor, focus) };
  }

  /**
   * Where what is selected was begun, and where it leads to. What goes on beside the text ends with
   * the text: so does a paragraph that the browser selects whole, and a drag that leaves the text.
   * @returns {{anchor: number, focus: number} | null} null when both ends are beside it
   */
  ends() {
    const { anchorNode, anchorOffset = 0, focusNode, focusOffset = 0 } = getSelection() ?? {};
    if (!anchorNode || !focusNode) return null;
    if (!this.host.contains(anchorNode) && !this.host.contains(focusNode)) return null;
    return {
      anchor: this.nearest(anchorNode, anchorOffset),
      focus: this.nearest(focusNode, focusOffset),
    };
  }

  /**
   * The offset of a place in the page; beside the text, the end of the text on that side.
   * @param {Node} node
   * @param {number} within
   */
  nearest(node, within) {
    const offset = this.offset(node, within);
    if (offset !== null) return offset;
    const text = document.createRange();
    text.selectNodeContents(this.host);
    return text.comparePoint(node, within) < 0 ? 0 : this.text.length;
  }

  /**
   * Select from one offset to another: the caret is then at the second one.
   * @param {number} anchor
   * @param {number} [focus]
   */
  select(anchor, focus = anchor) {
    const [from, to] = [this._paragraphs.position(anchor), this._paragraphs.position(focus)];
    getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  /**
   * A live range over a span, to measure where it stands in the window.
   * @param {{start: number, end: number}} span
   */
  range({ start, end }) {
    const range = document.createRange();
    const [from, to] = [this._paragraphs.position(start), this._paragraphs.position(end, true)];
    range.setStart(from.node, from.offset);
    range.setEnd(to.node, to.offset);
    return range;
  }

  /**
   * Bring an offset into sight, if it is not.
   * @param {number} offset
   */
  reveal(offset) {
    const { top, bottom } = this.box(offset);
    if (top >= this._uncovered() && bottom < innerHeight - 70) return;
    this._paragraphs.position(offset).element.scrollIntoView({ block: "nearest" });
    scrollBy({ top: this.box(offset).top - innerHeight / 3 });
  }

  /**
   * Bring an offset to a height of the window.
   * @param {number} offset
   * @param {number} height of its line's top, in pixels
   */
  bring(offset, height) {
    // What is beside it gets its own height only now, and moves it.
    for (let times = 0; times < 2; times += 1) {
      this._paragraphs.position(offset).element.scrollIntoView({ block: "start" });
      scrollBy({ top: this.box(offset).top - height });
    }
  }

  /**
   * Where an offset stands in the window: a box as high as its line's letters, without width.
   * @param {number} offset
   * @param {boolean} [ends] whether something ends there: between two lines, it then stands at the
   *   end of the first
   * @returns {DOMRect}
   */
  box(offset, ends = false) {
    return this._paragraphs.box(offset, ends);
  }

  /**
   * Be told when places in the text may have moved: a paragraph that comes near the screen has its own
   * height only then.
   * @param {() => void} tell
   * @param {AbortSignal} signal ends it
   */
  onMoved(tell, signal) {
    this.host.addEventListener("contentvisibilityautostatechange", tell, { capture: true, signal });
  }

  /**
   * Whether the paragraph of an offset runs from right to left.
   * @param {number} offset
   */
  isRightToLeft(offset) {
    return getComputedStyle(this._paragraphs.position(offset).element).direction === "rtl";
  }

  /**
   * The offsets between which the text is on the screen, in whole lines; the whole text when nothing
   * of it is.
   * @returns {{start: number, end: number}}
   */
  inSight() {
    const around = this.host.getBoundingClientRect();
    const bottom = Math.min(around.bottom, innerHeight);
    if (Math.max(around.top, 0) >= bottom) return { start: 0, end: this.text.length };
    return this._paragraphs.between(this._uncovered(), bottom);
  }

  /**
   * The offset that is as far below another one as the window is high, but for a line that stays in
   * sight, or above it.
   * @param {number} offset
   * @param {boolean} on
   */
  aPageFrom(offset, on) {
    const line = parseFloat(getComputedStyle(this.host).lineHeight);
    const page = Math.max(innerHeight - this._uncovered() - line, line);
    return this._paragraphs.below(offset, on ? page : -page);
  }

  /** Where in the window the text begins to be seen, in pixels from its top. */
  _uncovered() {
    const around = this.host.getBoundingClientRect();
    let top = Math.max(around.top, 0);
    // Tools may stick to the window's top and lie over the text, but not over half of the window.
    const x = around.left + around.width / 2;
    while (top < innerHeight / 2 && !this.host.contains(document.elementFromPoint(x, top))) top += 8;
    return top;
  }

  /** @param {Omit<Painted, "id" | "label">} span @param {string} name */
  _stroke({ start, end, fragments }, name) {
    const ranges = (fragments ?? [{ start, end }]).flatMap((part) => this._paragraphs.pieces(part));
    lay(name, ranges);
    return { name, ranges };
  }

  /** @param {string} id @param {Strokes} strokes */
  _erase(id, { name, ranges }) {
    lift(name, ranges);
    this._strokes.delete(id);
  }
}
