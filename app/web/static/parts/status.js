import { html } from "../vendor/preact.js";

/** @typedef {import("../types").Status} Status */

/** The statuses, each with a sign of its own: colour is never the only one. */
/** @type {Record<Status, {sign: string, name: string}>} */
export const STATUSES = {
  pending: { sign: "○", name: "pending" },
  approved: { sign: "✓", name: "approved" },
  rejected: { sign: "✕", name: "rejected" },
  changes_requested: { sign: "↺", name: "changes requested" },
};

/** @param {{status: Status, count?: number}} props */
export function Badge({ status, count }) {
  const { sign, name } = STATUSES[status];
  return html`
    <span class=${`badge ${status}`} title=${name}>
      <span aria-hidden="true">${sign}</span> ${count ?? name}
      ${count !== undefined && html`<span class="unseen"> ${name}</span>`}
    </span>
  `;
}
