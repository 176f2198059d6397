import { explain } from "../../api.js";
import { html } from "../../vendor/preact.js";
import { wantedBy } from "../../state/write.js";

/** What of an annotation an edit may have changed, in the order in which people look. */
const PARTS = /** @type {const} */ (["label", "quote", "attributes", "note"]);

/** @param {unknown} value */
function written(value) {
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * What was refused, why, and what one wanted: nothing of it is lost until one says so.
 * @param {{desk: import("../../state/desk.js").Desk, chosen: string, choose: (id: string) => void}} props
 */
export function Refusals({ desk, chosen, choose }) {
  /** @param {import("../../state/write.js").Refusal} refusal */
  const giveUp = (refusal) => {
    desk.dismiss(refusal);
    // What was never there is named in the address no more.
    if (refusal.write.method === "POST" && refusal.write.subject === chosen) choose("");
  };
  return desk.refusals.map((refusal) => {
    const { write, problem } = refusal;
    const isGone = problem.status === 410;
    const { current } = problem;
    const wanted = wantedBy(refusal);
    const stands = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (current ?? {}));
    return html`
      <section class="refusal" role="alert" key=${write.key}>
        <h2>Not saved: ${write.does}</h2>
        <p>${current ? "Somebody changed it meanwhile." : explain(problem)}</p>
        ${current &&
        write.method === "PATCH" &&
        html`
          <table>
            <thead><tr><th scope="col"></th><th scope="col">As it is now</th><th scope="col">As you wanted it</th></tr></thead>
            <tbody>
              ${PARTS.filter((name) => name in wanted).map(
                (name) => html`
                  <tr>
                    <th scope="row">${name}</th>
                    <td dir="auto">${written(stands[name])}</td>
                    <td dir="auto">${written(wanted[name])}</td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        `}
        ${!current &&
        html`<dl>
          ${PARTS.filter((name) => name in wanted).map(
            (name) => html`<dt>${name}</dt><dd dir="auto">${written(wanted[name])}</dd>`,
          )}
        </dl>`}
        <div class="row">
          ${!isGone &&
          html`<button type="button" onClick=${() => desk.insist(refusal)}>
            ${current ? "Do it all the same" : "Try again"}
          </button>`}
          <button type="button" onClick=${() => giveUp(refusal)}>
            ${current ? "Leave it as it is" : "Give it up"}
          </button>
          ${current && html`<button type="button" class="quiet" onClick=${() => choose(current.id)}>Show it</button>`}
        </div>
      </section>
    `;
  });
}
