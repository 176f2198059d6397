import { LabelName } from "../../parts/label.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { short } from "../../text/short.js";

/** So many are listed: who needs more of them at once reads the export. */
const MOST = 60;

/**
 * The annotations of the text that is on the screen, in text order.
 * @param {{desk: import("../../state/desk.js").Desk, sight: {start: number, end: number},
 *   chosen: string, choose: (id: string) => void, mayWrite: boolean}} props
 */
export function InSight({ desk, sight, chosen, choose, mayWrite }) {
  const all = [...desk.annotations.values()];
  const seen = all.filter((one) => one.end >= sight.start && one.start <= sight.end).slice(0, MOST);
  const { labels } = desk.scheme;
  return html`
    <section class="panel">
      <h2>
        ${all.length || !desk.isWhole
          ? `On the screen: ${seen.length} of ${all.length}${desk.isWhole ? "" : " …"}`
          : "Nothing is marked yet"}
      </h2>
      ${!all.length &&
      desk.isWhole &&
      html`<p>
        ${mayWrite
          ? "Select words in the text, then press the key of a label."
          : "You may read here. It takes the role annotator or above to mark words."}
      </p>`}
      <ul class="spans">
        ${seen.map(
          (one) => html`
            <li key=${one.id}>
              <button
                type="button"
                aria-pressed=${one.id === chosen}
                onClick=${() => choose(one.id === chosen ? "" : one.id)}
              >
                <span class="words" dir="auto">${short(one.quote)}</span>
                <span class="about">
                  <${LabelName} labels=${labels} name=${one.label} />
                  <span>${one.author}</span>
                  ${desk.isPending(one.id)
                    ? html`<span class="pending-write">… saving</span>`
                    : html`<span><span aria-hidden="true">${STATUSES[one.status].sign}</span> ${STATUSES[one.status].name}</span>`}
                </span>
              </button>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
