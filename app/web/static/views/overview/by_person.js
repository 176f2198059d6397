import { html } from "../../vendor/preact.js";
import { Bar, total } from "./plots.js";

/** @typedef {import("../../types").Progress} Progress */

/**
 * Who did how much.
 * @param {{people: Progress["people"]}} props
 */
export function ByPerson({ people }) {
  const most = Math.max(
    ...people.map((one) => Math.max(one.created, total(Object.values(one.decided)))),
  );
  return html`
    <section class="panel whole">
      <h2>People</h2>
      ${people.length === 0 && html`<p>Nobody has done anything yet.</p>`}
      ${people.length > 0 && html`<${Table} people=${people} most=${most} />`}
    </section>
  `;
}

/** @param {{people: Progress["people"], most: number}} props */
function Table({ people, most }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Work by person">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col" class="number">wrote</th>
            <td class="plot"></td>
            <th scope="col" class="number">edited</th>
            <th scope="col" class="number">approved</th>
            <th scope="col" class="number">rejected</th>
            <th scope="col" class="number">asked for changes</th>
            <td class="plot"></td>
          </tr>
        </thead>
        <tbody>
          ${people.map(
            ({ name, created, edited, decided }) => html`
              <tr>
                <th scope="row">${name}</th>
                <td class="number">${created}</td>
                <td class="plot">
                  <${Bar} parts=${[{ kind: "plain", count: created }]} most=${most} />
                </td>
                <td class="number">${edited}</td>
                <td class="number">${decided.approve}</td>
                <td class="number">${decided.reject}</td>
                <td class="number">${decided.request_changes}</td>
                <td class="plot">
                  <${Bar}
                    parts=${[
                      { kind: "approved", count: decided.approve },
                      { kind: "rejected", count: decided.reject },
                      { kind: "changes_requested", count: decided.request_changes },
                    ]}
                    most=${most}
                  />
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
