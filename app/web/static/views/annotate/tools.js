import { LabelName } from "../../parts/label.js";
import { html } from "../../vendor/preact.js";
import { keyOf } from "./keys.js";

/** What can be done with the selection. @param {import("./keys.js").Tasks} props */
export function Tools({ desk, chosen, purpose, setPurpose, finish, mark, addFragment, mayWrite, mayEdit }) {
  if (!mayWrite) return null;
  // A press on a tool must not take the selection away.
  const keep = (/** @type {Event} */ event) => event.preventDefault();
  if (purpose && purpose.kind !== "relation") {
    const what = purpose.kind === "bounds" ? "the new bounds" : `“${purpose.name}”`;
    return html`
      <div class="tools" role="toolbar" aria-label="Selecting" onMouseDown=${keep}>
        <span>Select the words for ${what}.</span>
        <button type="button" class="main" onClick=${finish}>Take the selection <kbd>Enter</kbd></button>
        <button type="button" onClick=${() => setPurpose(null)}>Cancel <kbd>Esc</kbd></button>
      </div>
    `;
  }
  if (purpose) {
    return html`
      <div class="tools" role="toolbar" aria-label="Relating">
        <span>Choose what it ${purpose.type}: click it in the text, or in the list of offers.</span>
        <button type="button" onClick=${() => setPurpose(null)}>Cancel <kbd>Esc</kbd></button>
      </div>
    `;
  }
  return html`
    <div class="tools" role="toolbar" aria-label="Mark the selection" onMouseDown=${keep}>
      ${desk.scheme.labels.map(
        (label, index) => html`
          <button type="button" title=${label.description} onClick=${() => mark(label.name)}>
            <${LabelName} labels=${desk.scheme.labels} name=${label.name} />
            ${" "}<kbd>${keyOf(label, index)}</kbd>
          </button>
        `,
      )}
      ${chosen && mayEdit && html`<button type="button" onClick=${addFragment}>Add as fragment <kbd>f</kbd></button>`}
      <button
        type="button"
        class="quiet"
        disabled=${!desk.acts.steps.last}
        title=${desk.acts.steps.last}
        onClick=${() => desk.acts.steps.undo()}
      >
        <span aria-hidden="true">↶</span><span class="unseen">Undo</span>
      </button>
      <button
        type="button"
        class="quiet"
        disabled=${!desk.acts.steps.next}
        title=${desk.acts.steps.next}
        onClick=${() => desk.acts.steps.redo()}
      >
        <span aria-hidden="true">↷</span><span class="unseen">Redo</span>
      </button>
    </div>
  `;
}
