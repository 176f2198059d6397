import { get, path } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { Badge } from "../../parts/status.js";
import { Trouble } from "../../parts/trouble.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Counts} Counts */
/** @typedef {import("../../types").Progress} Progress */
/** @typedef {import("../../types").Status} Status */
/** @typedef {import("./differences.js").Loss} Loss */

/**
 * What an edit of the scheme would break, as far as the counts of annotations tell before it is
 * saved. The API looks at each annotation, and has the last word.
 * @param {{project: string, losses: Loss[]}} props
 */
export function AtRisk({ project, losses }) {
  const { value, error, reload } = useLoaded(async (signal) => {
    if (!losses.length) return null;
    const address = path`/v1/projects/${project}/progress`;
    const progress = /** @type {Progress} */ (await get(address, { signal }));
    return progress.labels;
  }, []);
  if (error) return html`<${Trouble} error=${error} again=${reload} />`;
  if (!value) return null;
  const touched = losses.filter(({ label }) => !label || total(value[label]) > 0);
  if (!touched.length) return html`<p role="status">No annotation uses what goes away.</p>`;
  return html`
    <div class="at-risk" role="status">
      <h4>What it would break</h4>
      <dl>
        ${touched.map(
          ({ what, label, ofLabel }) => html`
            <dt>${what}</dt>
            <dd>
              ${label ? used(total(value[label]), ofLabel) : "Relations may rely on it."}${" "}
              ${label && html`<${Lists} project=${project} label=${label} counts=${value[label]} />`}
            </dd>
          `,
        )}
      </dl>
      <p>Saving is refused while anything is broken by it, and then says what.</p>
    </div>
  `;
}

/** @param {Counts | undefined} counts */
function total(counts) {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
}

/** @param {number} count @param {boolean} certainly */
function used(count, certainly) {
  const many = `${count} ${count === 1 ? "annotation" : "annotations"}`;
  if (certainly) return `${many} ${count === 1 ? "has" : "have"} it:`;
  return count === 1 ? `It may touch the ${many} of the label:` : `It may touch some of the ${many} of the label:`;
}

/**
 * The lists of a label's annotations, one a status.
 * @param {{project: string, label: string, counts: Counts | undefined}} props
 */
function Lists({ project, label, counts }) {
  const all = /** @type {[Status, number][]} */ (Object.entries(counts ?? {}));
  return all
    .filter(([, count]) => count > 0)
    .map(
      ([status, count]) => html`
        <a href=${link(["projects", project, "review"], { label, status })}>
          <${Badge} status=${status} count=${count} />
        </a>
      `,
    );
}
