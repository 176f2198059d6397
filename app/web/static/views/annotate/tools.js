import { announce } from "../../parts/announce.js";
import { LabelName } from "../../parts/label.js";
import { useToolbar } from "../../parts/toolbar.js";
import { html } from "../../vendor/preact.js";
import { OwnKey, keyOf } from "./keys.js";
import { LabelChooser, TOGETHER, atHand } from "./labels.js";

/** @typedef {import("./keys.js").Tasks} Tasks */

/**
 * What can be done with the selection. Two bars lie over one another, of which one is seen: so the
 * text below does not move when the other one comes.
 * @param {Tasks & {touch: (event: Event) => void, toList: () => void}} props `touch` is called when a
 *   finger or the mouse comes down on a tool, and when that has been heard; `toList` goes to the list
 *   where that stands behind the text
 */
export function Tools(props) {
  if (!props.mayWrite) return null;
  return html`
    <div
      class="tools"
      onPointerDown=${props.touch}
      onClick=${props.touch}
      onMouseDown=${(/** @type {{target: Element} & Event} */ event) => {
        // The text keeps its selection; a field is typed in.
        if (!event.target.matches("input")) event.preventDefault();
      }}
    >
      <${Marking} ...${props} seen=${!props.purpose} />
      <${Selecting} ...${props} seen=${Boolean(props.purpose)} />
      ${props.choosing && html`<${LabelChooser} ...${props} />`}
    </div>
  `;
}

/** @param {Tasks & {seen: boolean, toList: () => void}} props */
function Marking({ desk, chosen, mark, addFragment, mayEdit, seen, toList, choosing, offerLabels }) {
  const { steps } = desk.acts;
  const bar = useToolbar();
  return html`
    <div class="bar" ...${bar} aria-label="Mark the selection" hidden=${!seen} inert=${!seen}>
      ${desk.scheme.labels.length > TOGETHER &&
      html`
        <button type="button" aria-haspopup="listbox" aria-expanded=${choosing} onClick=${offerLabels}>
          Label … <kbd>/</kbd>
        </button>
      `}
      ${atHand(desk).map(
        (label) => html`
          <button
            key=${label.name}
            type="button"
            title=${label.description || label.name}
            onClick=${() => mark(label.name)}
          >
            <${LabelName} labels=${desk.scheme.labels} name=${label.name} />
            ${keyOf(desk.scheme.labels, label) &&
            html`${" "}<kbd>${keyOf(desk.scheme.labels, label)}</kbd>`}
          </button>
        `,
      )}
      <button type="button" disabled=${!chosen || !mayEdit} onClick=${addFragment}>
        Add as fragment <${OwnKey} labels=${desk.scheme.labels} name="f" />
      </button>
      <button
        type="button"
        class="quiet"
        disabled=${!steps.last}
        title=${steps.last}
        onClick=${() => desk.acts.undo(announce)}
      >
        <span aria-hidden="true">↶</span><span class="unseen">Undo</span>
      </button>
      <button
        type="button"
        class="quiet"
        disabled=${!steps.next}
        title=${steps.next}
        onClick=${() => desk.acts.redo(announce)}
      >
        <span aria-hidden="true">↷</span><span class="unseen">Redo</span>
      </button>
      <button type="button" class="to-list" onClick=${toList}>List</button>
    </div>
  `;
}

/** @param {Tasks & {seen: boolean}} props */
function Selecting({ purpose, setPurpose, finish, seen }) {
  const asked =
    purpose?.kind === "relation"
      ? `Choose what it ${purpose.type}: click it in the text, or in the list of offers.`
      : `Select the words for ${purpose?.kind === "attribute" ? `“${purpose.name}”` : "the new bounds"}.`;
  const bar = useToolbar();
  return html`
    <div class="bar" ...${bar} aria-label="What is asked for" hidden=${!seen} inert=${!seen}>
      <span>${asked}</span>
      ${purpose?.kind !== "relation" &&
      html`<button type="button" class="main" onClick=${finish}>
        Take the selection <kbd>Enter</kbd>
      </button>`}
      <button type="button" onClick=${() => setPurpose(null)}>Cancel <kbd>Esc</kbd></button>
    </div>
  `;
}
