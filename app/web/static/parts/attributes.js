/** A form made from a scheme's attributes. */

import { html } from "../vendor/preact.js";
import { Typed } from "./typed.js";

/** @typedef {import("../types").Attribute} Attribute */
/** @typedef {import("../types").AttributeValue} AttributeValue */
/** @typedef {Record<string, AttributeValue>} Values */

/**
 * @typedef {object} FieldProps
 * @property {Attribute} attribute
 * @property {AttributeValue | undefined} value
 * @property {number} [version] of what has the attribute; a draft has none
 * @property {(value: AttributeValue | undefined, seen?: number) => void} set without a value the
 *   attribute is absent; `seen` as Typed tells it, and what is no Typed shows what stands until that
 *   has changed
 * @property {boolean} disabled
 * @property {(name: string) => void} pick begin to select the words of a span
 */

/** @param {FieldProps} props */
function Choice({ attribute, value, set, disabled }) {
  const stands = value ?? "";
  const take = (/** @type {{currentTarget: HTMLSelectElement}} */ event) => {
    set(event.currentTarget.value || undefined);
    event.currentTarget.value = String(stands);
  };
  return html`
    <select value=${stands} disabled=${disabled} required=${attribute.required} onChange=${take}>
      <option value="">not said</option>
      ${attribute.values?.map((one) => html`<option value=${one}>${one}</option>`)}
    </select>
  `;
}

/** @param {FieldProps} props */
function Choices({ attribute, value, set, disabled }) {
  const taken = Array.isArray(value) ? value : [];
  const toggle = (/** @type {string} */ one) => {
    // In the scheme's order, so that the same choice is the same value.
    const next = attribute.values?.filter((other) => taken.includes(other) !== (other === one)) ?? [];
    set(next.length ? next : undefined);
  };
  return attribute.values?.map(
    (one) => html`
      <label class="check">
        <input
          type="checkbox"
          checked=${taken.includes(one)}
          disabled=${disabled}
          onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => {
            toggle(one);
            event.currentTarget.checked = taken.includes(one);
          }}
        />
        ${one}
      </label>
    `,
  );
}

/** @param {FieldProps} props */
function Strings({ value, set, disabled, version }) {
  const take = (/** @type {string} */ typed, /** @type {number | undefined} */ seen) => {
    const lines = typed.split("\n").map((line) => line.trim()).filter(Boolean);
    set(lines.length ? lines : undefined, seen);
  };
  const said = Array.isArray(value) ? value.join("\n") : "";
  return html`
    <${Typed}
      element="textarea"
      rows="2"
      value=${said}
      version=${version}
      disabled=${disabled}
      onTaken=${take}
      dir="auto"
    />
  `;
}

/** @param {FieldProps} props */
function Text({ value, set, disabled, attribute, version }) {
  const take = (/** @type {string} */ typed, /** @type {number | undefined} */ seen) =>
    set(typed.trim() || undefined, seen);
  return html`
    <${Typed}
      value=${value ?? ""}
      disabled=${disabled}
      required=${attribute.required}
      version=${version}
      onTaken=${take}
      dir="auto"
    />
  `;
}

/** @param {FieldProps} props */
function Figure({ attribute, value, set, disabled, version }) {
  const take = (/** @type {string} */ typed, /** @type {number | undefined} */ seen) => {
    const given = typed.trim() === "" ? Number.NaN : Number(typed);
    set(Number.isNaN(given) ? undefined : given, seen);
  };
  const step = attribute.type === "integer" ? 1 : "any";
  return html`
    <${Typed}
      type="number"
      step=${step}
      value=${value ?? ""}
      version=${version}
      disabled=${disabled}
      onTaken=${take}
    />
  `;
}

/** @param {FieldProps} props */
function YesOrNo({ value, set, disabled }) {
  const take = (/** @type {{currentTarget: HTMLSelectElement}} */ event) => {
    const said = event.currentTarget.value;
    set(said ? said === "yes" : undefined);
    event.currentTarget.value = stands;
  };
  const stands = typeof value === "boolean" ? (value ? "yes" : "no") : "";
  return html`
    <select value=${stands} disabled=${disabled} onChange=${take}>
      <option value="">not said</option>
      <option value="yes">yes</option>
      <option value="no">no</option>
    </select>
  `;
}

/** @param {FieldProps} props */
function Words({ attribute, value, set, disabled, pick }) {
  const said = typeof value === "object" && !Array.isArray(value) ? value.quote : "";
  return html`
    <div class="row">
      ${said && html`<q dir="auto">${said}</q>`}
      <button type="button" disabled=${disabled} onClick=${() => pick(attribute.name)}>
        ${said ? "Select again" : "Select in the text"}
      </button>
      ${said &&
      html`<button
        type="button"
        class="quiet"
        disabled=${disabled}
        aria-label=${`Clear ${attribute.name}`}
        onClick=${() => set(undefined)}
      >
        ✕
      </button>`}
    </div>
  `;
}

/** @type {Record<Attribute["type"], (props: FieldProps) => unknown>} */
const FIELDS = {
  string: Text,
  "string[]": Strings,
  enum: Choice,
  "enum[]": Choices,
  boolean: YesOrNo,
  integer: Figure,
  number: Figure,
  span: Words,
};
/** Those whose field is more than one control, and needs a group around it. */
const GROUPS = new Set(["enum[]", "span"]);

/**
 * @param {{attributes: Attribute[], values: Values, version?: number, disabled: boolean,
 *   pick: (name: string) => void, set: (values: Values, seen?: number) => void}} props `set` is called
 *   with all values when one has changed
 */
export function AttributesForm({ attributes, values, version, disabled, pick, set }) {
  /** @param {string} name @param {AttributeValue | undefined} value @param {number} [seen] */
  const change = (name, value, seen) => {
    const { [name]: _, ...others } = values;
    set(value === undefined ? others : { ...others, [name]: value }, seen);
  };
  return attributes.map((attribute) => {
    const { name, type, description, required } = attribute;
    const title = html`${name.replaceAll("_", " ")}${required && html` <small>required</small>`}`;
    const field = html`
      <${FIELDS[type]}
        attribute=${attribute}
        value=${values[name]}
        disabled=${disabled}
        version=${version}
        pick=${pick}
        set=${(/** @type {AttributeValue | undefined} */ value, /** @type {number} */ seen) =>
          change(name, value, seen)}
      />
    `;
    const said = [description, type === "string[]" && "one a line"].filter(Boolean).join("; ");
    const hint = said && html`<small>${said}</small>`;
    return GROUPS.has(type)
      ? html`<div class="field" role="group" aria-label=${name} key=${name}>
          <span>${title}</span><div>${field}${hint}</div>
        </div>`
      : html`<label class="field" key=${name}><span>${title}</span><div>${field}${hint}</div></label>`;
  });
}
