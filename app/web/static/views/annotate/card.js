/** All that is said of the chosen annotation, to read and to change. */

import { all, path } from "../../api.js";
import { AttributesForm } from "../../parts/attributes.js";
import { useLoaded } from "../../parts/loaded.js";
import { Moment } from "../../parts/moment.js";
import { Badge, STATUSES } from "../../parts/status.js";
import { Typed } from "../../parts/typed.js";
import { html } from "../../vendor/preact.js";
import { OwnKey } from "./keys.js";
import { Relations } from "./relations.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Decision} Decision */

/**
 * @param {import("./keys.js").Tasks & {chosen: Annotation, typing: Annotation | null,
 *   setTyping: (typing: Annotation | null) => void}} props `typing` is the annotation as it was when
 *   somebody began to type what is not taken yet
 */
export function Card(props) {
  const { desk, chosen, choose, begin, purpose, setPurpose, join, relabel, withdraw, moveBounds } = props;
  const { mayWrite, mayEdit, typing, setTyping } = props;
  const { labels } = desk.scheme;
  const isGone = !desk.annotation(chosen.id);
  // A field stays where it is while one types in it, also if its label goes.
  const stands = typing ?? chosen;
  const label = labels.find((one) => one.name === stands.label);
  const isRelabelled = stands.label !== chosen.label;
  /**
   * @param {Partial<import("../../state/acts.js").Said>} said
   * @param {number} [seen] by who typed it; what one key or click changes is asked about
   */
  const edit = (said, seen) => {
    if (isGone) desk.acts.editWithdrawn(chosen, said);
    else desk.acts.edit(chosen.id, said, seen);
  };
  const types = (/** @type {Event} */ { target }) => {
    const isText = target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea");
    if (isText && !typing) setTyping(chosen);
  };
  const choosesLabel = (/** @type {{currentTarget: HTMLSelectElement}} */ event) => {
    relabel(event.currentTarget.value);
    // It shows what stands, until that has changed.
    event.currentTarget.value = chosen.label;
  };
  const note = (/** @type {string} */ typed, /** @type {number | undefined} */ seen) =>
    edit({ note: typed.trim() || null }, seen);
  return html`
    <section
      class="panel card"
      aria-label="The chosen annotation"
      onInput=${types}
      onFocusOut=${() => setTyping(null)}
    >
      ${isGone &&
      html`<p class="came-back" role="alert">
        ✕ Withdrawn meanwhile. What you type cannot be saved any more, but is kept.
      </p>`}
      ${isRelabelled &&
      html`<p class="came-back" role="alert">
        Its label was made “${chosen.label}” meanwhile. What you type is kept.
      </p>`}
      <div class="where">
        <${Badge} status=${chosen.status} />
        <span>${chosen.author}</span>
        <${Moment} at=${chosen.updated_at} />
        ${desk.isPending(chosen.id) && html`<em>saving …</em>`}
      </div>
      <blockquote dir="auto">${chosen.quote}</blockquote>
      <${CameBack} chosen=${chosen} />
      ${chosen.warnings.map((one) => html`<p class="came-back">${one.detail}</p>`)}
      <label class="field">
        <span>label</span>
        <select value=${chosen.label} disabled=${!mayEdit || isGone} onChange=${choosesLabel}>
          ${labels.map((one) => html`<option value=${one.name}>${one.name}</option>`)}
        </select>
      </label>
      <${Fragments} desk=${desk} chosen=${chosen} mayEdit=${mayEdit && !isGone} />
      <${AttributesForm}
        attributes=${label?.attributes ?? []}
        values=${chosen.attributes}
        version=${chosen.version}
        disabled=${!mayEdit}
        pick=${(/** @type {string} */ name) => begin({ kind: "attribute", name, id: chosen.id })}
        set=${(/** @type {Annotation["attributes"]} */ attributes, /** @type {number} */ seen) =>
          edit({ attributes }, isRelabelled ? stands.version : seen)}
      />
      <label class="field">
        <span>note</span>
        <${Typed}
          element="textarea"
          rows="2"
          value=${chosen.note ?? ""}
          version=${chosen.version}
          disabled=${!mayEdit}
          onTaken=${note}
          dir="auto"
        />
      </label>
      <${Relations}
        desk=${desk}
        chosen=${chosen}
        choose=${choose}
        purpose=${purpose}
        setPurpose=${setPurpose}
        join=${join}
        mayWrite=${mayWrite && !isGone}
      />
      ${mayEdit &&
      !isGone &&
      html`
        <div class="row">
          ${!chosen.fragments &&
          html`<button type="button" onClick=${moveBounds}>
            Move the bounds <${OwnKey} labels=${desk.scheme.labels} name="b" />
          </button>`}
          <button
            type="button"
            class="danger"
            disabled=${!desk.acts.mayWithdraw(chosen)}
            onClick=${withdraw}
          >
            Withdraw <kbd>Delete</kbd>
          </button>
        </div>
        ${!desk.acts.mayWithdraw(chosen) &&
        html`<p><small>It is approved: only a reviewer can withdraw it.</small></p>`}
      `}
      ${mayWrite && !mayEdit && html`<p><small>Only ${chosen.author} or a reviewer can change this.</small></p>`}
    </section>
  `;
}

/** Why an annotation was not approved, in the reviewer's words. @param {{chosen: Annotation}} props */
function CameBack({ chosen }) {
  const back = chosen.status === "rejected" || chosen.status === "changes_requested";
  const { value } = useLoaded(
    async (signal) => {
      /** @type {Decision[]} */
      const decisions = back ? await all(path`/v1/annotations/${chosen.id}/decisions`, { signal }) : [];
      return decisions.at(-1);
    },
    [chosen.id, chosen.version],
  );
  if (!back || !value) return null;
  return html`
    <div class="came-back">
      <strong>${value.reviewer}, ${STATUSES[value.status].name}:</strong>
      ${" "}<span dir="auto">${value.comment}</span>
    </div>
  `;
}

/**
 * The parts of a discontinuous annotation.
 * @param {{desk: import("../../state/desk.js").Desk, chosen: Annotation, mayEdit: boolean}} props
 */
function Fragments({ desk, chosen, mayEdit }) {
  const { fragments } = chosen;
  if (!fragments) return null;
  /** @param {import("../../types").Span} part */
  const without = (part) => {
    const left = fragments.filter((one) => one !== part);
    const [first, last] = [left[0] ?? part, left.at(-1) ?? part];
    const quote = desk.document.text.slice(first.start, last.end);
    const { start } = first;
    desk.acts.edit(chosen.id, { start, end: last.end, quote, fragments: left.length > 1 ? left : null });
  };
  return html`
    <fieldset>
      <legend>Fragments</legend>
      <ul>
        ${fragments.map(
          (part) => html`
            <li>
              <q dir="auto">${part.quote}</q>${" "}
              <button
                type="button"
                class="quiet"
                disabled=${!mayEdit}
                aria-label=${`Take “${part.quote}” away`}
                onClick=${() => without(part)}
              >
                ✕
              </button>
            </li>
          `,
        )}
      </ul>
    </fieldset>
  `;
}
