import { html } from "../../vendor/preact.js";
import { OWN } from "../annotate/own_keys.js";
import { AttributesForm } from "./attributes_form.js";
import { edited } from "./draft.js";
import { RelationsForm } from "./relations_form.js";

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").EditedLabel} EditedLabel */
/** @typedef {{currentTarget: HTMLInputElement | HTMLTextAreaElement}} OnInput */

/** What a label's colour is shown as where it has none. */
const NO_COLOR = "#888888";

/**
 * A scheme as a form.
 * @param {{draft: Draft, onChange: (draft: Draft) => void}} props
 */
export function SchemeForm({ draft, onChange }) {
  const { labels } = draft;
  /** @param {EditedLabel[]} next */
  const setLabels = (next) => onChange({ ...draft, labels: next });
  /** @param {EditedLabel} label @param {Partial<EditedLabel>} change */
  const edit = (label, change) => {
    const next = labels.map((one) => (one === label ? { ...one, ...change } : one));
    // A label's new name is its name in the relations too.
    const name = change.name;
    const renamed = (/** @type {string[]} */ ends) =>
      ends.map((end) => (end === label.name && name !== undefined ? name : end));
    const relations = draft.relations.map((one) => ({
      ...one,
      source: renamed(one.source),
      target: renamed(one.target),
    }));
    onChange({ ...draft, labels: next, relations });
  };
  const add = () => setLabels([...labels, { ...edited({ name: "" }), attributes: [] }]);
  return html`
    <label class="narrow">
      Name of the scheme
      <input
        value=${draft.name}
        onInput=${(/** @type {OnInput} */ event) =>
          onChange({ ...draft, name: event.currentTarget.value })}
      />
    </label>
    <h3>Labels</h3>
    ${labels.map(
      (label) => html`
        <${LabelForm}
          key=${label.key}
          label=${label}
          onChange=${(/** @type {Partial<EditedLabel>} */ change) => edit(label, change)}
          onRemove=${() => setLabels(labels.filter((one) => one !== label))}
        />
      `,
    )}
    <button type="button" onClick=${add}>Add a label</button>
    <h3>Relations</h3>
    <${RelationsForm} draft=${draft} onChange=${onChange} />
  `;
}

/**
 * @param {{
 *   label: EditedLabel, onChange: (change: Partial<EditedLabel>) => void, onRemove: () => void,
 * }} props
 */
function LabelForm({ label, onChange, onRemove }) {
  /** @param {"name" | "color" | "hotkey" | "description"} field */
  const typed = (field) => (/** @type {OnInput} */ event) =>
    onChange({ [field]: event.currentTarget.value });
  const count = label.attributes.length;
  const taken = Object.entries(OWN).find(([key]) => key === label.hotkey);
  return html`
    <details class="panel label-form" open=${label.was === null}>
      <summary>
        <svg width="16" height="16" aria-hidden="true">
          <rect width="16" height="16" rx="3" fill=${label.color || NO_COLOR} />
        </svg>
        <b>${label.name || "a new label"}</b>
        <small>
          ${label.hotkey && `key ${label.hotkey}, `}${count} ${count === 1 ? "attribute" : "attributes"}
        </small>
      </summary>
      <div class="label-fields">
        <label>Name <input value=${label.name} onInput=${typed("name")} required /></label>
        <label>
          Colour
          <input type="color" value=${label.color || NO_COLOR} onInput=${typed("color")} />
        </label>
        <label>
          Key
          <input
            class="key"
            value=${label.hotkey ?? ""}
            maxlength="1"
            autocomplete="off"
            onInput=${typed("hotkey")}
          />
        </label>
        <p class="wide key-taken" role="status">
          ${
            taken &&
            html`
              <kbd>${taken[0]}</kbd> is a key of the document view: “${taken[1]}”. The label takes it, and
              leaves that to${" "}<kbd>Alt</kbd><kbd>${taken[0]}</kbd>.
            `
          }
        </p>
        <label class="wide">
          Description
          <input value=${label.description ?? ""} onInput=${typed("description")} dir="auto" />
        </label>
      </div>
      <${AttributesForm}
        label=${label}
        onChange=${(/** @type {EditedLabel["attributes"]} */ attributes) => onChange({ attributes })}
      />
      <button type="button" class="danger" onClick=${onRemove}>
        Remove the label ${label.name}
      </button>
    </details>
  `;
}
