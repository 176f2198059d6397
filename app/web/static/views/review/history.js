import { answers, path } from "../../api.js";
import { Moment } from "../../parts/moment.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { Difference } from "./differences.js";

/** @typedef {import("../../types").History} History */

/**
 * The whole history of an annotation, however many pages it comes in.
 * @param {string} id
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<History>}
 */
export async function historyOf(id, options) {
  /** @type {History} */
  const whole = { annotation: id, versions: [], decisions: [] };
  const address = path`/v1/annotations/${id}/history?offset_unit=utf16`;
  for await (const { versions, decisions } of answers(address, options)) {
    whole.versions.push(...versions);
    whole.decisions.push(...decisions);
  }
  return whole;
}

/**
 * Every version of an annotation and every decision on it, the newest first.
 * @param {{history: History}} props
 */
export function HistoryList({ history: { versions, decisions } }) {
  const made = versions.map((version, index) => {
    const before = versions[index - 1];
    const decision = decisions.find((one) => makes(one, version));
    const item = html`
      <${Made} key=${version.version} version=${version} before=${before} decision=${decision} />
    `;
    return { number: version.version, item };
  });
  // An import brings the decisions on versions that it does not bring.
  const others = decisions
    .filter((decision) => !versions.some((version) => makes(decision, version)))
    .map((decision) => {
      const item = html`<${Decided} key=${decision.id} decision=${decision} />`;
      return { number: decision.resulting_version, item };
    });
  const newestFirst = [...made, ...others].sort((one, other) => other.number - one.number);
  return html`<ol class="history" role="list">${newestFirst.map(({ item }) => item)}</ol>`;
}

/**
 * Whether the version is what the decision made: in an imported file it may be an edit as well.
 * @param {import("../../types").Decision} decision
 * @param {import("../../types").Version} version
 */
function makes(decision, version) {
  return (
    decision.resulting_version === version.version &&
    decision.status === version.status &&
    decision.reviewer === version.changed_by
  );
}

/**
 * @param {{
 *   version: import("../../types").Version,
 *   before?: import("../../types").Version,
 *   decision?: import("../../types").Decision,
 * }} props
 */
function Made({ version, before, decision }) {
  return html`
    <li>
      <p>
        <strong>Version ${version.version}</strong>, ${version.changed_by}
        ${" "}${decision ? verdict(decision) : did(version)}, <${Moment} at=${version.changed_at} />
      </p>
      <${Comment} decision=${decision} />
      ${before &&
      !decision &&
      !version.withdrawn &&
      html`<${Difference} before=${before} after=${version} />`}
    </li>
  `;
}

/** @param {{decision: import("../../types").Decision}} props */
function Decided({ decision }) {
  return html`
    <li>
      <p>
        <strong>On version ${decision.version}</strong>, ${decision.reviewer}
        ${" "}${verdict(decision)}, <${Moment} at=${decision.decided_at} />
      </p>
      <${Comment} decision=${decision} />
    </li>
  `;
}

/** @param {{decision?: import("../../types").Decision}} props */
function Comment({ decision }) {
  return decision?.comment && html`<blockquote dir="auto">${decision.comment}</blockquote>`;
}

/** @param {import("../../types").Decision} decision */
function verdict(decision) {
  return `decided: ${STATUSES[decision.status].sign} ${STATUSES[decision.status].name}`;
}

/** @param {import("../../types").Version} version */
function did(version) {
  if (version.withdrawn) return "withdrew it";
  return version.version > 1 ? "edited it" : "made it";
}
