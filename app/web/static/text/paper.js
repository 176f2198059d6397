/**
 * A text on the page, with spans painted on it.
 *
 * Each paragraph is one text node, whatever is marked in it: spans are painted by the browser over
 * the text (CSS Custom Highlight API), not wrapped around it. So spans may nest, cross and share
 * their bounds, and a place in the page is simply an offset in the text, in UTF-16 code units.
 */

import { LANES, dress, highlight, looks } from "./ink.js";
import { lanes } from "./lanes.js";

/**
 * What is painted: a span or, when it has fragments, those alone.
 * @typedef {object} Painted
 * @property {string} id
 * @property {string} label
 * @property {number} start
 * @property {number} end
 * @property {{start: number, end: number}[] | null} [fragments]
 */

/** Whether this browser can paint spans. */
export const canPaint = typeof Highlight === "function" && "highlights" in CSS;

/** @typedef {{node: Text, start: number, end: number}} Paragraph */
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
    /** @type {Paragraph[]} */
    this._paragraphs = [];
    /** @type {WeakMap<Node, Paragraph>} */
    this._byNode = new WeakMap();
    /** @type {Map<string, Strokes>} */
    this._strokes = new Map();
    /** @type {Map<string, Painted>} */
    this._spans = new Map();
    const lines = document.createDocumentFragment();
    let start = 0;
    for (const line of text.split("\n")) {
      const node = document.createTextNode(line);
      const element = document.createElement("p");
      element.dir = "auto";
      element.append(node);
      lines.append(element);
      const paragraph = { node, start, end: start + line.length };
      this._paragraphs.push(paragraph);
      this._byNode.set(node, paragraph);
      this._byNode.set(element, paragraph);
      start = paragraph.end + 1;
    }
    host.replaceChildren(lines);
    dress(labels);
  }

  /**
   * Paint these spans, and no others.
   * @param {Iterable<Painted>} spans
   */
  paint(spans) {
    this._spans = new Map(Array.from(spans, (span) => [span.id, span]));
    const placed = lanes(this._spans.values());
    for (const [id, strokes] of this._strokes) {
      if (!this._spans.has(id)) this._erase(id, strokes);
    }
    for (const [id, lane] of placed) {
      const span = /** @type {Painted} */ (this._spans.get(id));
      const before = this._strokes.get(id);
      // What changes is another object: among thousands of spans most are the same.
      if (before?.span === span && before.lane === lane) continue;
      if (before) this._erase(id, before);
      const { index } = looks(this._labels, span.label);
      const name = `stet-label-${index}-${lane % LANES}`;
      this._strokes.set(id, { ...this._stroke(span, name), span, lane });
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
   * Which spans have this offset in them, the shortest first.
   * @param {number} offset
   */
  over(offset) {
    return [...this._spans.values()]
      .filter(({ start, end, fragments }) =>
        (fragments ?? [{ start, end }]).some((one) => one.start <= offset && offset < one.end),
      )
      .sort((one, other) => one.end - one.start - (other.end - other.start));
  }

  /**
   * The offset at a place of the window; null beside the text.
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    const found = document.caretPositionFromPoint(x, y);
    return found && this.offset(found.offsetNode, found.offset);
  }

  /**
   * The offset of a place in the page; null outside the text.
   * @param {Node} node
   * @param {number} within
   */
  offset(node, within) {
    const paragraph = this._byNode.get(node);
    if (!paragraph) {
      if (node !== this.host) return null;
      return this._paragraphs[within]?.start ?? this.text.length;
    }
    // Of the element around the text node, 0 is before the text and 1 behind it.
    if (node === paragraph.node) return paragraph.start + within;
    return within === 0 ? paragraph.start : paragraph.end;
  }

  /**
   * What is selected, in order; null when nothing of this text is. A caret is an empty selection.
   * @returns {{start: number, end: number} | null}
   */
  selection() {
    const selection = getSelection();
    if (!selection?.anchorNode || !selection.focusNode) return null;
    const anchor = this.offset(selection.anchorNode, selection.anchorOffset);
    const focus = this.offset(selection.focusNode, selection.focusOffset);
    if (anchor === null || focus === null) return null;
    return { start: Math.min(anchor, focus), end: Math.max(anchor, focus) };
  }

  /**
   * Select from one offset to another: the caret is then at the second one.
   * @param {number} anchor
   * @param {number} [focus]
   */
  select(anchor, focus = anchor) {
    const [from, to] = [this._position(anchor), this._position(focus)];
    getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  /**
   * A live range over a span, to measure where it stands in the window.
   * @param {{start: number, end: number}} span
   */
  range({ start, end }) {
    const range = document.createRange();
    const [from, to] = [this._position(start), this._position(end, true)];
    range.setStart(from.node, from.offset);
    range.setEnd(to.node, to.offset);
    return range;
  }

  /**
   * Bring an offset into sight, if it is not.
   * @param {number} offset
   */
  reveal(offset) {
    const { node } = this._position(offset);
    const element = /** @type {HTMLElement} */ (node.parentElement);
    const seen = () => {
      const at = this.range({ start: offset, end: offset }).getBoundingClientRect();
      return at.top > 70 && at.bottom < innerHeight - 70;
    };
    if (seen()) return;
    element.scrollIntoView({ block: "nearest" });
    const at = this.range({ start: offset, end: offset }).getBoundingClientRect();
    scrollBy({ top: at.top - innerHeight / 3 });
  }

  /**
   * The offsets between which the text is on the screen.
   * @returns {{start: number, end: number}}
   */
  inSight() {
    const box = this.host.getBoundingClientRect();
    const x = box.left + box.width / 2;
    const top = this.at(x, Math.max(box.top + 4, 4));
    const bottom = this.at(x, Math.min(box.bottom - 4, innerHeight - 4));
    return { start: top ?? 0, end: bottom ?? this.text.length };
  }

  /**
   * Where an offset is in the page.
   * @param {number} offset
   * @param {boolean} [ends] whether something ends there: it then ends in the paragraph before
   */
  _position(offset, ends = false) {
    const paragraph = this._paragraphs[this._index(offset, ends)];
    if (!paragraph) throw new RangeError(`The text has no offset ${offset}.`);
    const within = Math.min(offset, paragraph.end) - paragraph.start;
    return { node: paragraph.node, offset: Math.max(within, 0) };
  }

  /** @param {number} offset @param {boolean} ends */
  _index(offset, ends) {
    let [low, high] = [0, this._paragraphs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const { start } = /** @type {Paragraph} */ (this._paragraphs[middle]);
      if (ends ? start < offset : start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param {Omit<Painted, "id" | "label">} span @param {string} name */
  _stroke({ start, end, fragments }, name) {
    const to = highlight(name);
    const ranges = (fragments ?? [{ start, end }]).flatMap((part) => this._pieces(part));
    for (const range of ranges) to.add(range);
    return { name, ranges };
  }

  /**
   * A range in each paragraph that the span touches.
   * @param {{start: number, end: number}} span
   */
  _pieces({ start, end }) {
    const found = [];
    for (let index = this._index(start, false); index < this._paragraphs.length; index += 1) {
      const paragraph = /** @type {Paragraph} */ (this._paragraphs[index]);
      if (paragraph.start >= end) break;
      const from = Math.max(start, paragraph.start) - paragraph.start;
      const to = Math.min(end, paragraph.end) - paragraph.start;
      if (from < to) {
        const { node } = paragraph;
        found.push(
          new StaticRange({
            startContainer: node,
            startOffset: from,
            endContainer: node,
            endOffset: to,
          }),
        );
      }
    }
    return found;
  }

  /** @param {string} id @param {Strokes} strokes */
  _erase(id, { name, ranges }) {
    for (const range of ranges) CSS.highlights.get(name)?.delete(range);
    this._strokes.delete(id);
  }
}
