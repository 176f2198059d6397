import { LabelName } from "../../parts/label.js";
import { Badge } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";
import { shared } from "../../state/agreement.js";
import { written } from "./differences.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Label} Label */

/**
 * What else an annotation says: its attributes and its note.
 * @param {{annotation: Annotation}} props
 */
export function Said({ annotation: { attributes, note } }) {
  const named = Object.entries(attributes);
  return html`
    ${named.length > 0 &&
    html`
      <dl class="said">
        ${named.map(
          ([name, value]) => html`
            <div>
              <dt>${name.replaceAll("_", " ")}</dt>
              <dd dir="auto">${written(value)}</dd>
            </div>
          `,
        )}
      </dl>
    `}
    ${note && html`<p class="note"><span class="faint">Note: </span><span dir="auto">${note}</span></p>`}
  `;
}

/**
 * What others, or the same author, marked on the same words.
 * @param {{annotation: Annotation, others: Annotation[], labels: Label[]}} props
 */
export function OnTheSameWords({ annotation, others, labels }) {
  const same = others.filter((other) => shared(other, annotation) > 0);
  if (!same.length) return html`<p class="faint">Nothing else is marked on these words.</p>`;
  return html`
    <ul class="marks">
      ${same.map(
        (one) => html`
          <li key=${one.id}>
            <span class="row">
              <${LabelName} labels=${labels} name=${one.label} />
              <span>${one.author}</span>
              <${Badge} status=${one.status} />
              ${sameBounds(one, annotation) && html`<span class="faint">the same bounds</span>`}
            </span>
            <q dir="auto">${one.quote}</q>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {Annotation} one @param {Annotation} other */
function sameBounds(one, other) {
  return one.start === other.start && one.end === other.end;
}

/**
 * The relations of an annotation, in both directions.
 * @param {{ties: import("./sources.js").Tie[], labels: Label[]}} props
 */
export function Ties({ ties, labels }) {
  if (!ties.length) return html`<p class="faint">It is joined to no other annotation.</p>`;
  return html`
    <ul class="marks">
      ${ties.map(
        ({ relation, outward, other }) => html`
          <li key=${relation.id}>
            <span class="row">
              <span>${outward ? `this ${relation.type} →` : `← ${relation.type} this`}</span>
              ${other && html`<${LabelName} labels=${labels} name=${other.label} />`}
              ${other && html`<span>${other.author}</span>`}
            </span>
            ${other
              ? html`<q dir="auto">${other.quote}</q>`
              : html`<span class="faint">withdrawn meanwhile</span>`}
          </li>
        `,
      )}
    </ul>
  `;
}
