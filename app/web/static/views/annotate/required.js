import { AttributesForm } from "../../parts/attributes.js";
import { LabelName } from "../../parts/label.js";
import { html } from "../../vendor/preact.js";

/**
 * What a label requires before it can be saved.
 * @param {import("./keys.js").Tasks & {draft: import("./tasks.js").Draft,
 *   setDraft: (draft: import("./tasks.js").Draft | null) => void}} props
 */
export function Required({ desk, draft, setDraft, save, begin }) {
  const { said, from } = draft;
  const attributes = desk.scheme.labels.find((one) => one.name === said.label)?.attributes ?? [];
  const missing = attributes.filter((one) => one.required && said.attributes[one.name] === undefined);
  return html`
    <section class="panel card" aria-label="Not saved yet">
      <h2><${LabelName} labels=${desk.scheme.labels} name=${said.label} />${" "}needs more</h2>
      <blockquote dir="auto">${said.quote}</blockquote>
      <${AttributesForm}
        attributes=${attributes.filter((one) => one.required)}
        values=${said.attributes}
        disabled=${false}
        pick=${(/** @type {string} */ name) => begin({ kind: "attribute", name, id: from?.id ?? "" })}
        set=${(/** @type {typeof said.attributes} */ given) =>
          setDraft({ from, said: { ...said, attributes: given } })}
      />
      <div class="row">
        <button
          type="button"
          class="main"
          disabled=${missing.length > 0}
          onClick=${() => save(draft)}
        >
          Save
        </button>
        <button type="button" onClick=${() => setDraft(null)}>Cancel</button>
        ${missing.length > 0 &&
        html`<small>Missing: ${missing.map((one) => one.name).join(", ")}</small>`}
      </div>
    </section>
  `;
}
