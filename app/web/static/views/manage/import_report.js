import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Refusal} Refusal */

const KINDS = /** @type {const} */ (["documents", "annotations", "relations"]);
const BECAME = /** @type {const} */ (["created", "unchanged", "refused"]);
/** How many refusals are shown: more are not read one by one. */
const SHOWN = 500;

/**
 * What became of a file, or would.
 * @param {{tried: boolean, whole: boolean, report: import("../../types").ImportReport}} props
 *   `whole` when nothing is written if anything is refused
 */
export function Report({ tried, whole, report }) {
  const stopped = whole && report.refusals.length > 0;
  return html`
    <section role="status">
      <h3>${tried ? "What would become of the file" : "What became of the file"}</h3>
      ${
        tried &&
        html`
          <p>
            This was only tried: nothing was written.${" "}
            ${
              stopped &&
              "Nothing would be, as long as anything is refused: these are the counts without that."
            }
          </p>
        `
      }
      <div class="scroll" tabindex="0" role="region" aria-label="Counts">
        <table class="figures narrow">
          <thead>
            <tr>
              <td></td>
              ${KINDS.map((kind) => html`<th scope="col" class="number">${kind}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${BECAME.map(
              (what) => html`
                <tr>
                  <th scope="row">${what}</th>
                  ${KINDS.map((kind) => html`<td class="number">${report[what][kind]}</td>`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
    ${report.refusals.length > 0 && html`<${Refusals} refusals=${report.refusals} />`}
  `;
}

/**
 * The records of a file that were refused: where they stand in it, and why.
 * @param {{refusals: Refusal[]}} props
 */
export function Refusals({ refusals }) {
  const inFiles = refusals.some(({ file }) => file);
  return html`
    <section>
      <h3>What was refused</h3>
      ${
        refusals.length > SHOWN &&
        html`<p>The first ${SHOWN} of ${refusals.length} are shown here.</p>`
      }
      <div class="scroll" tabindex="0" role="region" aria-label="What was refused">
        <table>
          <thead>
            <tr>
              ${inFiles && html`<th scope="col">File</th>`}
              <th scope="col" class="number">Line</th>
              <th scope="col">At</th>
              <th scope="col">Problem</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            ${refusals.slice(0, SHOWN).map(
              ({ file, line, pointer, code, detail }) => html`
                <tr>
                  ${inFiles && html`<td>${file}</td>`}
                  <td class="number">${line}</td>
                  <td><code>${pointer || "the record"}</code></td>
                  <td><a href=${`/problems/${code}`} target="_blank" rel="noopener">${code}</a></td>
                  <td>${detail}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
