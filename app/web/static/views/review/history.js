import { Moment } from "../../parts/moment.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { Difference } from "./differences.js";

/**
 * Every version of an annotation and every decision on it, the newest first.
 * @param {{history: import("../../types").History}} props
 */
export function HistoryList({ history: { versions, decisions } }) {
  const entries = versions.map((version, index) => ({
    version,
    before: versions[index - 1],
    decision: decisions.find((one) => one.resulting_version === version.version),
  }));
  return html`
    <ol class="history" role="list">
      ${entries.reverse().map(
        ({ version, before, decision }) => html`
          <li key=${version.version}>
            <p>
              <strong>Version ${version.version}</strong>, ${version.changed_by}
              ${" "}${did(version, before, decision)}, <${Moment} at=${version.changed_at} />
            </p>
            ${decision?.comment && html`<blockquote dir="auto">${decision.comment}</blockquote>`}
            ${before &&
            !decision &&
            !version.withdrawn &&
            html`<${Difference} before=${before} after=${version} />`}
          </li>
        `,
      )}
    </ol>
  `;
}

/**
 * @param {import("../../types").Version} version
 * @param {import("../../types").Version | undefined} before
 * @param {import("../../types").Decision | undefined} decision
 */
function did(version, before, decision) {
  if (decision) return `decided: ${STATUSES[decision.status].sign} ${STATUSES[decision.status].name}`;
  if (version.withdrawn) return "withdrew it";
  return before ? "edited it" : "made it";
}
