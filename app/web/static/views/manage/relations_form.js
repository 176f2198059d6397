import { html } from "../../vendor/preact.js";
import { edited } from "./draft.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").EditedRelation} EditedRelation */

/**
 * The relation types: what they are called, and which labels each may join.
 * @param {{draft: Draft, onChange: (draft: Draft) => void}} props
 */
export function RelationsForm({ draft, onChange }) {
  const { relations } = draft;
  /** @param {EditedRelation[]} next */
  const set = (next) => onChange({ ...draft, relations: next });
  const labels = [...new Set(draft.labels.map(({ name }) => name))].filter(Boolean);
  return html`
    ${relations.map(
      (relation) => html`
        <${RelationForm}
          key=${relation.key}
          relation=${relation}
          labels=${labels}
          onChange=${(/** @type {EditedRelation} */ next) =>
            set(relations.map((one) => (one === relation ? next : one)))}
          onRemove=${() => set(relations.filter((one) => one !== relation))}
        />
      `,
    )}
    <button
      type="button"
      onClick=${() => set([...relations, edited({ name: "", source: [], target: [] })])}
    >
      Add a relation
    </button>
  `;
}

/**
 * @param {{
 *   relation: EditedRelation, labels: string[], onChange: (relation: EditedRelation) => void,
 *   onRemove: () => void,
 * }} props
 */
function RelationForm({ relation, labels, onChange, onRemove }) {
  /** @param {"source" | "target"} side @param {string} title */
  const ends = (side, title) => {
    // A label that is removed stays here until it is taken out: the relation still names it.
    const shown = [...new Set([...labels, ...relation[side]])];
    /** @param {string} label */
    const toggle = (label) => {
      const before = relation[side];
      const without = before.filter((one) => one !== label);
      onChange({
        ...relation,
        [side]: without.length < before.length ? without : [...before, label],
      });
    };
    return html`
      <fieldset class="choices">
        <legend>${title}</legend>
        ${shown.map(
          (label) => html`
            <label class="check">
              <input
                type="checkbox"
                checked=${relation[side].includes(label)}
                onChange=${() => toggle(label)}
              />
              ${label}${labels.includes(label) ? "" : " (no label any more)"}
            </label>
          `,
        )}
      </fieldset>
    `;
  };
  return html`
    <details class="panel label-form" open=${relation.was === null}>
      <summary>
        <b>${relation.name || "a new relation"}</b>
        <small>from ${relation.source.join(", ") || "…"} to ${relation.target.join(", ") || "…"}</small>
      </summary>
      <label class="narrow">
        Name
        <input
          value=${relation.name}
          required
          onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) =>
            onChange({ ...relation, name: event.currentTarget.value })}
        />
      </label>
      ${ends("source", "From")} ${ends("target", "To")}
      <label class="check">
        <input
          type="checkbox"
          checked=${relation.symmetric ?? false}
          onChange=${() => onChange({ ...relation, symmetric: !relation.symmetric })}
        />
        The same in both directions
      </label>
      <button type="button" class="danger" onClick=${onRemove}>
        Remove the relation ${relation.name}
      </button>
    </details>
  `;
}
