/** An annotation in its sentence, with what stands around it. */

import { trimmed, unit } from "../../text/bounds.js";
import { canPaint } from "../../text/ink.js";
import { Paper } from "../../text/paper.js";
import { html, useEffect, useRef } from "../../vendor/preact.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../text/bounds.js").Bounds} Bounds */

/**
 * The sentences that a span touches, with the one before them and the one behind.
 * @param {string} text
 * @param {Bounds} span
 * @param {string | null} language BCP 47
 * @returns {Bounds}
 */
export function sentencesAround(text, span, language) {
  const from = unit(text, span.start, "sentence", language)?.start ?? span.start;
  const to = unit(text, span.end - 1, "sentence", language)?.end ?? span.end;
  // Between two paragraphs there is only white space, which is in no sentence.
  const before = text.slice(0, from).trimEnd().length - 1;
  const behind = text.length - text.slice(to).trimStart().length;
  return trimmed(text, {
    start: (before >= 0 && unit(text, before, "sentence", language)?.start) || 0,
    end: unit(text, behind, "sentence", language)?.end ?? text.length,
  });
}

/** How much of an excerpt is seen above the words that stand out, in pixels. */
const LEAD = 80;

/** @param {Annotation} annotation @param {number} by */
function shifted({ id, label, start, end, fragments }, by) {
  return {
    id,
    label,
    start: start - by,
    end: end - by,
    fragments: fragments?.map((one) => ({ start: one.start - by, end: one.end - by })) ?? null,
  };
}

/**
 * A stretch of a text with what is marked in it; one annotation stands out.
 * @param {{text: string, stretch: Bounds, labels: import("../../types").Label[],
 *   chosen: Annotation, others: Annotation[]}} props
 */
export function Excerpt({ text, stretch, labels, chosen, others }) {
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const paper = useRef(/** @type {Paper | null} */ (null));
  const shown = useRef(-1);
  const { start, end } = stretch;
  useEffect(() => {
    if (!host.current || !canPaint) return;
    const made = new Paper(host.current, text.slice(start, end), labels);
    paper.current = made;
    return () => made.close();
  }, [text, start, end, labels]);
  useEffect(() => {
    const own = shifted(chosen, start);
    paper.current?.paint([own, ...others.map((other) => shifted(other, start))]);
    paper.current?.mark("chosen", [own]);
    if (host.current && paper.current && own.start !== shown.current) {
      // Of a long excerpt, the words themselves come first.
      const top = paper.current.range(own).getBoundingClientRect().top;
      host.current.scrollTop += top - host.current.getBoundingClientRect().top - LEAD;
      shown.current = own.start;
    }
  }, [text, start, end, labels, chosen, others]);
  if (!canPaint) {
    return html`
      <p class="trouble">This browser cannot paint spans: it lacks the CSS Custom Highlight API.</p>
      <blockquote dir="auto">${chosen.quote}</blockquote>
    `;
  }
  return html`
    <div
      ref=${host}
      class=${`excerpt${start > 0 ? " cut-before" : ""}${end < text.length ? " cut-behind" : ""}`}
      tabindex="0"
      role="region"
      aria-label="In its sentence"
    ></div>
  `;
}
