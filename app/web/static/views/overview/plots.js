/** What the plots of the overview are drawn with. They repeat what a table beside them says. */

import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Status} Status */

/** @param {number[]} numbers */
export function total(numbers) {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/**
 * A part of a whole in percent, as people say it; nothing where there is no whole.
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  return whole ? percent.format(part / whole) : "";
}
const percent = new Intl.NumberFormat(undefined, { style: "percent" });

/** The fills that the bars refer to: each has a pattern of its own, besides its colour. */
export function Patterns() {
  return html`
    <svg class="patterns" width="0" height="0" aria-hidden="true">
      <defs>
        <pattern id="fill-pending" width="6" height="6" patternUnits="userSpaceOnUse">
          <rect width="6" height="6" class="ground" />
          <circle cx="3" cy="3" r="1.1" class="pending" />
        </pattern>
        <pattern id="fill-approved" width="6" height="6" patternUnits="userSpaceOnUse">
          <rect width="6" height="6" class="approved" />
        </pattern>
        <pattern id="fill-rejected" width="6" height="6" patternUnits="userSpaceOnUse">
          <rect width="6" height="6" class="ground" />
          <path d="M0 0L6 6M6 0L0 6" class="rejected" />
        </pattern>
        <pattern id="fill-changes_requested" width="6" height="5" patternUnits="userSpaceOnUse">
          <rect width="6" height="5" class="ground" />
          <path d="M0 1H6" class="changes_requested" />
        </pattern>
      </defs>
    </svg>
  `;
}

/**
 * A bar of parts one after the other. Read by eye alone: its row says the numbers.
 * @param {{parts: {kind: Status | "plain", count: number}[], most: number}} props
 *   `most` is what a bar of full width stands for
 */
export function Bar({ parts, most }) {
  let at = 0;
  return html`
    <svg class="bar" viewBox="0 0 200 16" preserveAspectRatio="none" aria-hidden="true">
      ${parts
        .filter(({ count }) => count > 0)
        .map(({ kind, count }) => {
          const x = at;
          const width = (200 * count) / Math.max(most, 1);
          at += width;
          const fill = kind === "plain" ? undefined : `url(#fill-${kind})`;
          return html`<rect class=${kind} x=${x} y="1" width=${width} height="14" fill=${fill} />`;
        })}
    </svg>
  `;
}

/** A small sample of a status's fill, for the head of its column. @param {{status: Status}} props */
export function Sample({ status }) {
  return html`
    <svg class="sample" width="14" height="14" aria-hidden="true">
      <rect class=${status} x="0.5" y="0.5" width="13" height="13" fill=${`url(#fill-${status})`} />
    </svg>
  `;
}

/**
 * A row of columns, one for each stretch of time.
 * @param {{counts: number[], most: number}} props `most` is what a full column stands for
 */
export function Columns({ counts, most }) {
  const width = 400 / counts.length;
  return html`
    <svg class="columns-plot" viewBox="0 0 400 32" preserveAspectRatio="none" aria-hidden="true">
      <path class="base" d="M0 31.5H400" />
      ${counts.map((count, index) => {
        const height = (30 * count) / Math.max(most, 1);
        const thick = Math.min(Math.max(width - 1, width * 0.6), 24);
        return (
          count > 0 &&
          html`
            <rect
              x=${index * width + (width - thick) / 2}
              y=${31 - height}
              width=${thick}
              height=${height}
            />
          `
        );
      })}
    </svg>
  `;
}
