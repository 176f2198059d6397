import { LabelName } from "../../parts/label.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { Columns, total } from "./plots.js";
import { stretchesOf } from "./stretches.js";

/** @typedef {import("../../types").Label} Label */
/** @typedef {import("./stretches.js").Day} Day */
/** @typedef {{name: string, said: unknown, counts: number[]}} Series */

/** @type {[import("../../types").Verdict, import("../../types").Status, string][]} */
const VERDICTS = [
  ["approve", "approved", "approved"],
  ["reject", "rejected", "rejected"],
  ["request_changes", "changes_requested", "changes asked for"],
];
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(undefined, {
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/**
 * What was written under each label and decided with each verdict, over time: a small plot each,
 * all over the same time, so that none needs a colour to be told from the others.
 * @param {{labels: Label[], days: Day[]}} props
 */
export function OverTime({ labels, days }) {
  if (days.length === 0) {
    return html`
      <section class="panel">
        <h2>Over time</h2>
        <p>Nothing has happened yet.</p>
      </section>
    `;
  }
  const { length, stretches } = stretchesOf(days);
  /** @param {(day: Day) => number} count */
  const counted = (count) => stretches.map((one) => total(one.days.map(count)));
  const seen = days.flatMap((day) => Object.keys(day.created));
  const names = [...new Set([...labels.map(({ name }) => name), ...seen])];
  /** @type {Series[]} */
  const written = names.map((name) => ({
    name,
    said: html`<${LabelName} labels=${labels} name=${name} />`,
    counts: counted((day) => day.created[name] ?? 0),
  }));
  const decided = VERDICTS.map(([verdict, status, name]) => ({
    name,
    said: html`<span aria-hidden="true">${STATUSES[status].sign}</span> ${name}`,
    counts: counted((day) => day.decided[verdict]),
  }));
  const all = [...written, ...decided];
  /** @param {string} begins */
  const when = (begins) => (length === "month" ? month : short).format(new Date(begins));
  const ends = [stretches[0]?.begins ?? "", stretches.at(-1)?.begins ?? ""];
  return html`
    <section class="panel">
      <h2>Over time</h2>
      <p class="note">
        Each column is one ${length}, from ${when(ends[0] ?? "")} to ${when(ends[1] ?? "")}, in UTC.
      </p>
      <${Plots} title="Written, by label" series=${written} />
      <${Plots} title="Decided, by verdict" series=${decided} />
      <details>
        <summary>These figures as a table</summary>
        <div class="scroll" tabindex="0" role="region" aria-label=${`Figures by ${length}`}>
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">${length}</th>
                ${all.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${stretches.map(
                ({ begins, days: some }, index) =>
                  some.length > 0 &&
                  html`
                    <tr>
                      <th scope="row">${when(begins)}</th>
                      ${all.map(({ counts }) => html`<td class="number">${counts[index]}</td>`)}
                    </tr>
                  `,
              )}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  `;
}

/** @param {{title: string, series: Series[]}} props */
function Plots({ title, series }) {
  const most = Math.max(...series.flatMap(({ counts }) => counts));
  return html`
    <h3>${title}</h3>
    <dl class="over-time">
      ${series.map(
        ({ said, counts }) => html`
          <div>
            <dt>${said}</dt>
            <dd class="number">${total(counts)}</dd>
            <dd class="plot"><${Columns} counts=${counts} most=${most} /></dd>
          </div>
        `,
      )}
    </dl>
  `;
}
