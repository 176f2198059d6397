import { looks } from "../text/ink.js";
import { html } from "../vendor/preact.js";

/** @type {Record<string, string>} */
const DASHES = { dashed: "5 3", dotted: "2 3" };

/**
 * A label as it looks in the text: its colour, its line, and its name.
 * @param {{labels: import("../types").Label[], name: string}} props
 */
export function LabelName({ labels, name }) {
  const { color, line } = looks(labels, name);
  const path = line === "wavy" ? "M1 11q3 -5 6 0t6 0t6 0" : "M1 10h18";
  return html`
    <span class="label">
      <svg width="20" height="14" aria-hidden="true">
        <rect width="20" height="14" rx="2" fill=${color} fill-opacity="0.2" />
        <path
          d=${path}
          fill="none"
          stroke=${color}
          stroke-width="2"
          stroke-dasharray=${DASHES[line]}
        />
        ${line === "double" && html`<path d="M1 6h18" stroke=${color} stroke-width="2" />`}
      </svg>
      <span>${name}</span>
    </span>
  `;
}
