/** A text as paragraphs of the page, one text node each: places in the page, and offsets in the text. */

/** @typedef {{node: Text, element: HTMLElement, start: number, end: number}} Paragraph */

export class Paragraphs {
  /**
   * @param {HTMLElement} host emptied, and filled with the paragraphs
   * @param {string} text
   */
  constructor(host, text) {
    this._host = host;
    this._length = text.length;
    /** @type {Paragraph[]} */
    this._all = [];
    /** @type {WeakMap<Node, Paragraph>} */
    this._byNode = new WeakMap();
    const lines = document.createDocumentFragment();
    let start = 0;
    for (const line of text.split("\n")) {
      const node = document.createTextNode(line);
      const element = document.createElement("p");
      element.dir = "auto";
      // What is not on the screen is laid out by its length, until it comes there.
      element.style.setProperty("--length", String(line.length));
      element.append(node);
      lines.append(element);
      const paragraph = { node, element, start, end: start + line.length };
      this._all.push(paragraph);
      this._byNode.set(node, paragraph);
      this._byNode.set(element, paragraph);
      start = paragraph.end + 1;
    }
    host.replaceChildren(lines);
  }

  /**
   * The offset of a place in the page; null outside the text.
   * @param {Node} node
   * @param {number} within
   */
  offset(node, within) {
    const paragraph = this._byNode.get(node);
    if (!paragraph) {
      if (node !== this._host) return null;
      return this._all[within]?.start ?? this._length;
    }
    // Of the element around the text node, 0 is before the text and 1 behind it.
    if (node === paragraph.node) return paragraph.start + within;
    return within === 0 ? paragraph.start : paragraph.end;
  }

  /**
   * Where an offset is in the page.
   * @param {number} offset
   * @param {boolean} [ends] whether something ends there: it then ends in the paragraph before
   */
  position(offset, ends = false) {
    const paragraph = this._all[this._index(offset, ends)];
    if (!paragraph) throw new RangeError(`The text has no offset ${offset}.`);
    const within = Math.min(offset, paragraph.end) - paragraph.start;
    const { node, element } = paragraph;
    return { node, element, offset: Math.max(within, 0) };
  }

  /**
   * A range in each paragraph that a span touches.
   * @param {{start: number, end: number}} span
   */
  pieces({ start, end }) {
    const found = [];
    for (let index = this._index(start, false); index < this._all.length; index += 1) {
      const paragraph = this._at(index);
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

  /**
   * Where an offset stands in the window: a box as high as its line's letters, without width.
   * @param {number} offset
   * @param {boolean} [ends] whether something ends there: between two lines, it then stands at the
   *   end of the first
   * @returns {DOMRect}
   */
  box(offset, ends = false) {
    const { node, element, offset: within } = this.position(offset, ends);
    const found = boxes(node, within, within).at(ends ? 0 : -1);
    // Between two lines Firefox knows the end of the first alone, and Safari the start of the second;
    // behind a line that runs from right to left Safari knows no place. The letter that is meant tells.
    const isBefore = ends || within === node.length;
    const letter = isBefore
      ? boxes(node, within - (isLow(node.data, within - 1) ? 2 : 1), within).at(-1)
      : boxes(node, within, within + (isLow(node.data, within + 1) ? 2 : 1)).at(0);
    const isOnOther = isBefore
      ? letter && found && letter.bottom <= found.top
      : letter && found && letter.top >= found.bottom;
    if (found && !isOnOther) return found;
    if (letter) {
      const isRightToLeft = getComputedStyle(element).direction === "rtl";
      const side = isBefore === isRightToLeft ? letter.left : letter.right;
      return new DOMRect(side, letter.top, 0, letter.height);
    }
    if (node.length > 0 && !element.style.contentVisibility) {
      // What is not on the screen yet Safari lays out for no measuring, unless it is told to.
      element.style.contentVisibility = "visible";
      return this.box(offset, ends);
    }
    // An empty paragraph has no letters to measure.
    const { left, top, height } = element.getBoundingClientRect();
    return new DOMRect(left, top, 0, height);
  }

  /**
   * The offsets of the whole lines that stand between two heights of the window.
   * @param {number} top
   * @param {number} bottom
   */
  between(top, bottom) {
    const { length } = this._all;
    const stands = (/** @type {number} */ index) => this._at(index).element.getBoundingClientRect();
    const first = this._at(lowest(0, length - 1, (index) => stands(index).bottom > top));
    const last = this._at(lowest(1, length, (index) => stands(index).top >= bottom) - 1);
    return {
      start: lowest(first.start, first.end, (offset) => this.box(offset).top >= top),
      end: lowest(last.start, last.end, (offset) => this.box(offset).top >= bottom),
    };
  }

  /**
   * The offset in the first line that stands so far below another offset, nearest to its column; the
   * text's end when there is none.
   * @param {number} offset
   * @param {number} down in pixels; what is less than 0 leads up
   */
  below(offset, down) {
    const from = this.box(offset);
    const start = lowest(0, this._length, (at) => this.box(at).top >= from.top + down);
    const { top } = this.box(start);
    let [found, least] = [start, Infinity];
    for (let at = start; at <= this._length; at += 1) {
      const box = this.box(at);
      if (box.top > top + box.height / 2) break;
      const away = Math.abs(box.left - from.left);
      if (away < least) [found, least] = [at, away];
    }
    return found;
  }

  /** @param {number} index */
  _at(index) {
    return /** @type {Paragraph} */ (this._all[index]);
  }

  /** @param {number} offset @param {boolean} ends */
  _index(offset, ends) {
    const isBehind = (/** @type {number} */ index) => {
      const { start } = this._at(index);
      return ends ? start >= offset : start > offset;
    };
    return lowest(1, this._all.length, isBehind) - 1;
  }
}

/**
 * Where a part of a text stands in the window: a box for each of its lines.
 * @param {Text} node
 * @param {number} start before the text, nothing is measured
 * @param {number} end
 */
function boxes(node, start, end) {
  if (start < 0) return [];
  const range = document.createRange();
  range.setStart(node, start);
  range.setEnd(node, end);
  return [...range.getClientRects()];
}

/**
 * Whether the second half of a pair of surrogates stands at a place.
 * @param {string} text
 * @param {number} at
 */
function isLow(text, at) {
  return text.charCodeAt(at) >> 10 === 0x37;
}

/**
 * The first of the numbers in order that something holds of, when it holds of all that follow.
 * @param {number} low the first that may be it
 * @param {number} high what it is when none of those before is
 * @param {(number: number) => boolean} holds asked of numbers below `high` only
 */
function lowest(low, high, holds) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
