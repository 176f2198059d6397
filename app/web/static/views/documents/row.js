import { Moment } from "../../parts/moment.js";
import { Badge } from "../../parts/status.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */
/** @typedef {import("../../types").Status} Status */

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const number = new Intl.NumberFormat();

/**
 * How many annotations a document has in each status that any is in.
 * @param {{counts: import("../../types").Counts}} props
 */
export function CountsOf({ counts }) {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  if (!some.length) return html`<span class="status-counts none">no annotations</span>`;
  return html`
    <span class="status-counts">
      ${some.map(
        ([status, count]) =>
          html`<${Badge} status=${/** @type {Status} */ (status)} count=${count} />`,
      )}
    </span>
  `;
}

/**
 * A document in the list.
 * @param {{project: string, item: DocumentItem, onDelete: (() => void) | null}} props
 */
export function Row({ project, item, onDelete }) {
  return html`
    <li>
      <div class="what">
        <a class="title" href=${link(["projects", project, "documents", item.id])}>
          <bdi>${item.title}</bdi>
        </a>
        <small>
          ${item.published_on && html`<span>${day.format(new Date(item.published_on))}</span>`}
          ${item.language && html`<span>${item.language}</span>`}
          <span>${number.format(item.length.utf16)} characters</span>
          ${
            item.source_url &&
            html`
              <a href=${item.source_url} target="_blank" rel="noopener noreferrer">
                ${hostOf(item.source_url)}<span class="unseen">, source of ${item.title}</span>
              </a>
            `
          }
          <span>
            added <${Moment} at=${item.created_at} />${item.created_by && ` by ${item.created_by}`}
          </span>
        </small>
      </div>
      <${CountsOf} counts=${item.counts} />
      ${
        onDelete &&
        html`
          <button type="button" class="quiet" onClick=${onDelete} aria-label=${`Delete ${item.title}`}>
            Delete
          </button>
        `
      }
    </li>
  `;
}

/** @param {string} address */
function hostOf(address) {
  return URL.canParse(address) ? new URL(address).host : address;
}
