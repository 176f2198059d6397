import { LabelName } from "../../parts/label.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { Bar, Sample, total } from "./plots.js";

/** @typedef {import("../../types").Status} Status */
/** @typedef {import("../../types").Counts} Counts */

const NAMES = /** @type {Status[]} */ (Object.keys(STATUSES));
/** @type {Counts} */
const NONE = { pending: 0, approved: 0, rejected: 0, changes_requested: 0 };

/**
 * Annotations by label and status.
 * @param {{labels: import("../../types").Label[], counts: Record<string, Counts>}} props
 */
export function ByLabel({ labels, counts }) {
  const names = new Set([...labels.map(({ name }) => name), ...Object.keys(counts)]);
  const rows = [...names].map((name) => ({ name, of: counts[name] ?? NONE }));
  const most = Math.max(...rows.map((row) => total(Object.values(row.of))));
  /** @param {Status} status */
  const column = (status) => total(rows.map((row) => row.of[status]));
  return html`
    <section class="panel whole">
      <h2>Labels and statuses</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Annotations by label and status">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Label</th>
              ${NAMES.map(
                (status) => html`
                  <th scope="col" class="number">
                    <span class="head"><${Sample} status=${status} /> ${STATUSES[status].name}</span>
                  </th>
                `,
              )}
              <th scope="col" class="number">total</th>
              <td class="plot"></td>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ name, of }) => html`
                <tr>
                  <th scope="row"><${LabelName} labels=${labels} name=${name} /></th>
                  ${NAMES.map((status) => html`<td class="number">${of[status]}</td>`)}
                  <td class="number">${total(Object.values(of))}</td>
                  <td class="plot">
                    <${Bar}
                      parts=${NAMES.map((status) => ({ kind: status, count: of[status] }))}
                      most=${most}
                    />
                  </td>
                </tr>
              `,
            )}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">all</th>
              ${NAMES.map((status) => html`<td class="number">${column(status)}</td>`)}
              <td class="number">${total(NAMES.map(column))}</td>
              <td class="plot"></td>
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  `;
}
