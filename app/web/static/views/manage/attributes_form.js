import { html } from "../../vendor/preact.js";
import { edited } from "./draft.js";

/** @typedef {import("./draft.js").EditedAttribute} EditedAttribute */
/** @typedef {import("../../types").AttributeType} AttributeType */
/** @typedef {{currentTarget: HTMLInputElement | HTMLTextAreaElement}} OnInput */

/** @type {Record<AttributeType, string>} */
const TYPES = {
  string: "text",
  "string[]": "several texts",
  enum: "one of some values",
  "enum[]": "several of some values",
  boolean: "yes or no",
  integer: "whole number",
  number: "number",
  span: "words of the document",
};

/**
 * The attributes of a label.
 * @param {{
 *   label: import("./draft.js").EditedLabel,
 *   onChange: (attributes: EditedAttribute[]) => void,
 * }} props
 */
export function AttributesForm({ label, onChange }) {
  const { attributes } = label;
  const add = () =>
    onChange([...attributes, edited({ name: "", type: /** @type {AttributeType} */ ("string") })]);
  return html`
    <fieldset>
      <legend>Attributes</legend>
      ${attributes.map(
        (attribute) => html`
          <${AttributeForm}
            key=${attribute.key}
            attribute=${attribute}
            onChange=${(/** @type {EditedAttribute} */ next) =>
              onChange(attributes.map((one) => (one === attribute ? next : one)))}
            onRemove=${() => onChange(attributes.filter((one) => one !== attribute))}
          />
        `,
      )}
      <button type="button" onClick=${add}>Add an attribute</button>
    </fieldset>
  `;
}

/**
 * @param {{
 *   attribute: EditedAttribute, onChange: (attribute: EditedAttribute) => void,
 *   onRemove: () => void,
 * }} props
 */
function AttributeForm({ attribute, onChange, onRemove }) {
  const enumerated = attribute.type === "enum" || attribute.type === "enum[]";
  /** @param {AttributeType} type */
  const setType = (type) => {
    const { values, ...rest } = attribute;
    const lists = type === "enum" || type === "enum[]";
    onChange(lists ? { ...rest, type, values: values ?? [] } : { ...rest, type });
  };
  /** @param {string} text */
  const setValues = (text) => {
    const values = text.split("\n").map((value) => value.trim()).filter(Boolean);
    onChange({ ...attribute, values });
  };
  return html`
    <div class="attribute-form">
      <label>
        Name
        <input
          value=${attribute.name}
          required
          onInput=${(/** @type {OnInput} */ event) =>
            onChange({ ...attribute, name: event.currentTarget.value })}
        />
      </label>
      <label>
        Type
        <select
          value=${attribute.type}
          onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ event) =>
            setType(/** @type {AttributeType} */ (event.currentTarget.value))}
        >
          ${Object.entries(TYPES).map(
            ([type, said]) => html`<option value=${type}>${said}</option>`,
          )}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked=${attribute.required ?? false}
          onChange=${() => onChange({ ...attribute, required: !attribute.required })}
        />
        Required
      </label>
      <button
        type="button"
        class="quiet"
        aria-label=${`Remove the attribute ${attribute.name}`}
        onClick=${onRemove}
      >
        Remove
      </button>
      ${
        enumerated &&
        html`
          <label class="wide">
            Values, one a line
            <textarea
              defaultValue=${(attribute.values ?? []).join("\n")}
              onInput=${(/** @type {OnInput} */ event) => setValues(event.currentTarget.value)}
            ></textarea>
          </label>
        `
      }
    </div>
  `;
}
