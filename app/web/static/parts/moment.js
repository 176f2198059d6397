import { html } from "../vendor/preact.js";

const written = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** @param {string} at */
function ago(at) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  if (Math.abs(seconds) > 7 * 86_400) return written.format(new Date(at));
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return "just now";
}

/**
 * When something was, as people say it; exactly, on hovering.
 * @param {{at: string}} props RFC 3339
 */
export function Moment({ at }) {
  return html`<time datetime=${at} title=${written.format(new Date(at))}>${ago(at)}</time>`;
}
