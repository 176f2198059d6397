import { LabelName } from "../../parts/label.js";
import { html } from "../../vendor/preact.js";
import { short } from "../../text/short.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("./keys.js").Tasks} Tasks */

/**
 * The relations of the chosen annotation, and the way to new ones: only those that the scheme
 * allows are offered.
 * @param {Pick<Tasks, "desk" | "choose" | "purpose" | "setPurpose" | "mayWrite">
 *   & {chosen: Annotation, join: (target: string) => void}} props
 */
export function Relations({ desk, chosen, choose, purpose, setPurpose, join, mayWrite }) {
  const types = desk.scheme.relations.filter((one) => one.source.includes(chosen.label));
  const joined = desk.relationsOf(chosen.id);
  if (!joined.length && !types.length) return null;
  const relating = purpose?.kind === "relation" ? purpose.type : "";
  const pick = (/** @type {{currentTarget: HTMLSelectElement}} */ event) => {
    const type = event.currentTarget.value;
    // The focus stays: each arrow key chooses another type, and what it offers comes behind.
    setPurpose(type ? { kind: "relation", type, id: chosen.id } : null);
  };
  return html`
    <fieldset>
      <legend>Relations</legend>
      ${joined.length > 0 &&
      html`
        <ul>
          ${joined.map((one) => {
            const out = one.source === chosen.id;
            const other = desk.annotation(out ? one.target : one.source);
            const mayRemove = mayWrite && one.author === desk.me.name;
            return html`
              <li key=${one.id}>
                ${out ? one.type : `${one.type} this:`}${" "}
                ${other &&
                html`<a
                  href="#"
                  dir="auto"
                  onClick=${(/** @type {Event} */ event) => {
                    event.preventDefault();
                    choose(other.id);
                  }}
                  >${short(other.quote)}</a
                >`}
                ${mayRemove &&
                html`<button
                  type="button"
                  class="quiet"
                  aria-label=${`Remove “${one.type}”`}
                  onClick=${() => desk.acts.unrelate(one)}
                >
                  ✕
                </button>`}
              </li>
            `;
          })}
        </ul>
      `}
      ${mayWrite &&
      types.length > 0 &&
      html`
        <label class="field">
          <span>this one</span>
          <select value=${relating} onChange=${pick}>
            <option value="">…</option>
            ${types.map((one) => html`<option value=${one.name}>${one.name} …</option>`)}
          </select>
        </label>
      `}
      ${relating && html`<${Offers} desk=${desk} chosen=${chosen} type=${relating} join=${join} />`}
    </fieldset>
  `;
}

/** So many are offered as a list: others can be clicked in the text. */
const MOST = 25;

/**
 * What the chosen annotation may be related to, the nearest first.
 * @param {{desk: import("../../state/desk.js").Desk, chosen: Annotation, type: string,
 *   join: (target: string) => void}} props
 */
function Offers({ desk, chosen, type, join }) {
  const allowed = desk.scheme.relations.find((one) => one.name === type)?.target ?? [];
  const far = (/** @type {Annotation} */ one) => Math.abs(one.start - chosen.start);
  const offers = [...desk.annotations.values()]
    .filter((one) => one.id !== chosen.id && allowed.includes(one.label))
    .sort((one, other) => far(one) - far(other))
    .slice(0, MOST);
  if (!offers.length) return html`<p>There is no ${allowed.join(" or ")} to relate it to.</p>`;
  return html`
    <ul class="spans" aria-label=${`What it ${type}`}>
      ${offers.map(
        (one) => html`
          <li key=${one.id}>
            <button type="button" onClick=${() => join(one.id)}>
              <span class="words" dir="auto">${short(one.quote)}</span>
              <span class="about">
                <${LabelName} labels=${desk.scheme.labels} name=${one.label} />
                <span>${one.author}</span>
              </span>
            </button>
          </li>
        `,
      )}
    </ul>
  `;
}
