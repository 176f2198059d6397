/** Two handles at the bounds of a span, to drag it longer or shorter. */

export class Handles {
  /**
   * @param {import("./paper.js").Paper} paper
   * @param {(span: {start: number, end: number}, done: boolean) => void} onMove called while one is
   *   dragged, and once with `done` when it is let go
   */
  constructor(paper, onMove) {
    this._paper = paper;
    this._onMove = onMove;
    /** @type {{start: number, end: number} | null} */
    this._span = null;
    this._start = this._handle("start");
    this._end = this._handle("end");
    this._listening = new AbortController();
    addEventListener("resize", () => this._draw(), { signal: this._listening.signal });
  }

  /** Take the handles away. */
  close() {
    this._listening.abort();
    this._start.remove();
    this._end.remove();
  }

  /**
   * Stand at the bounds of a span; nowhere without one.
   * @param {{start: number, end: number} | null} span
   */
  show(span) {
    this._span = span;
    this._draw();
  }

  _draw() {
    this._start.hidden = this._end.hidden = !this._span;
    if (!this._span) return;
    const boxes = this._paper.range(this._span).getClientRects();
    const [first, last] = [boxes[0], boxes[boxes.length - 1]];
    const around = this._paper.host.parentElement?.getBoundingClientRect();
    if (!first || !last || !around) return;
    this._put(this._start, first.left - around.left, first.top - around.top, first.height);
    this._put(this._end, last.right - around.left, last.top - around.top, last.height);
  }

  /** @param {HTMLElement} handle @param {number} left @param {number} top @param {number} height */
  _put(handle, left, top, height) {
    handle.style.left = `${left}px`;
    handle.style.top = `${top}px`;
    handle.style.height = `${height}px`;
  }

  /** @param {"start" | "end"} bound */
  _handle(bound) {
    const handle = document.createElement("div");
    handle.className = `handle ${bound}`;
    // By keyboard, bounds are moved with keys of their own.
    handle.ariaHidden = "true";
    handle.hidden = true;
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) this._drag(bound, event, false);
    });
    handle.addEventListener("pointerup", (event) => this._drag(bound, event, true));
    this._paper.host.parentElement?.append(handle);
    return handle;
  }

  /** @param {"start" | "end"} bound @param {PointerEvent} event @param {boolean} done */
  _drag(bound, event, done) {
    if (!this._span) return;
    // The handle itself must not be what is found under the pointer.
    for (const one of [this._start, this._end]) one.classList.add("passed");
    const offset = this._paper.at(event.clientX, event.clientY);
    for (const one of [this._start, this._end]) one.classList.remove("passed");
    if (offset !== null) {
      const span = { ...this._span, [bound]: offset };
      if (span.start < span.end) this._span = span;
    }
    this._draw();
    this._onMove(this._span, done);
  }
}
