/** Two handles at the bounds of a span, to drag it longer or shorter. */

/** @typedef {import("./bounds.js").Bounds} Bounds */

/**
 * @typedef {object} Grip
 * @property {number} pointer its id: another finger moves nothing meanwhile
 * @property {Bounds} before the span as it was
 * @property {number} x how far the pointer is from the place in the text that it stands for
 * @property {number} y
 */

export class Handles {
  /**
   * @param {import("./paper.js").Paper} paper
   * @param {(span: Bounds, done: boolean) => void} onMove called while one is dragged, and once with
   *   `done` when it is let go, or is taken away: then with the span as it was
   */
  constructor(paper, onMove) {
    this._paper = paper;
    this._onMove = onMove;
    /** @type {Bounds | null} */
    this._span = null;
    /** @type {Grip | null} */
    this._grip = null;
    this._start = this._handle("start");
    this._end = this._handle("end");
    this._listening = new AbortController();
    const { signal } = this._listening;
    addEventListener("resize", () => this._draw(), { signal });
    paper.onMoved(() => this._draw(), signal);
  }

  /** Take the handles away. */
  close() {
    this._listening.abort();
    this._start.remove();
    this._end.remove();
  }

  /**
   * Stand at the bounds of a span.
   * @param {Bounds} span
   */
  show(span) {
    this._span = span;
    this._draw();
  }

  _draw() {
    this._start.hidden = this._end.hidden = !this._span;
    if (!this._span) return;
    this._put(this._start, this._paper.box(this._span.start));
    this._put(this._end, this._paper.box(this._span.end, true));
  }

  /** @param {HTMLElement} handle @param {DOMRect} box */
  _put(handle, { left, top, height }) {
    const around = this._paper.host.parentElement?.getBoundingClientRect();
    if (!around) return;
    handle.style.left = `${left - around.left}px`;
    handle.style.top = `${top - around.top}px`;
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
      if (!this._span || this._grip || event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      const away = beside(handle.getBoundingClientRect(), event);
      this._grip = { pointer: event.pointerId, before: this._span, ...away };
    });
    /** What the pointer of an event holds. @param {PointerEvent} event */
    const gripOf = ({ pointerId }) => (this._grip?.pointer === pointerId ? this._grip : null);
    handle.addEventListener("pointermove", (event) => {
      const grip = gripOf(event);
      if (grip) this._drag(bound, event, grip);
    });
    handle.addEventListener("pointerup", (event) => {
      const grip = gripOf(event);
      if (grip) this._letGo(this._span ?? grip.before);
    });
    handle.addEventListener("pointercancel", (event) => {
      const grip = gripOf(event);
      if (grip) this._letGo(grip.before);
    });
    this._paper.host.parentElement?.append(handle);
    return handle;
  }

  /** @param {"start" | "end"} bound @param {PointerEvent} event @param {Grip} grip */
  _drag(bound, event, grip) {
    if (!this._span) return;
    // The handle itself must not be what is found under the pointer.
    for (const one of [this._start, this._end]) one.classList.add("passed");
    const offset = this._paper.at(event.clientX - grip.x, event.clientY - grip.y);
    for (const one of [this._start, this._end]) one.classList.remove("passed");
    if (offset !== null) {
      const span = { ...this._span, [bound]: offset };
      if (span.start < span.end) this._span = span;
    }
    this._draw();
    this._onMove(this._span, false);
  }

  /** @param {Bounds} span what became of it */
  _letGo(span) {
    this._grip = null;
    this.show(span);
    this._onMove(span, true);
  }
}

/**
 * How far a pointer is from a bound. The knob stands beside the line: its line is meant, not the next.
 * @param {DOMRect} bound
 * @param {PointerEvent} event
 */
function beside(bound, { clientX, clientY }) {
  const inLine = Math.min(Math.max(clientY, bound.top + 2), bound.bottom - 2);
  return { x: clientX - (bound.left + bound.width / 2), y: clientY - inLine };
}
