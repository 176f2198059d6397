import { Refused, get, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { useDraft } from "../../parts/draft.js";
import { useLoaded } from "../../parts/loaded.js";
import { Trouble, announceTrouble } from "../../parts/trouble.js";
import { staying } from "../../router.js";
import { same } from "../../state/same.js";
import { html, useMemo, useState } from "../../vendor/preact.js";
import { AtRisk } from "./at_risk.js";
import { differences, losses } from "./differences.js";
import { asText, drafted, read, rebased, written } from "./draft.js";
import { Orphans } from "./orphans.js";
import { SchemeForm } from "./scheme_form.js";
import { SchemeShown } from "./scheme_shown.js";

/** @typedef {import("../../types").Scheme} Scheme */
/** @typedef {import("./draft.js").Draft} Draft */

/**
 * The project's labels, attributes and relation types; to be edited by who manages it.
 * @param {{me: import("../../types").Me, project: string, manages: boolean}} props
 */
export function SchemeSection({ me, project, manages }) {
  const { value, error, reload, set } = useLoaded(
    async (signal) =>
      /** @type {Scheme} */ (await get(path`/v1/projects/${project}/scheme`, { signal })),
    [],
  );
  const setStored = (/** @type {Scheme} */ stored) => set(() => stored);
  return html`
    <section>
      <h2>Scheme</h2>
      ${error && html`<${Trouble} error=${error} again=${reload} />`}
      ${value && !manages && html`<${SchemeShown} scheme=${value} />`}
      ${value &&
      manages &&
      html`<${Editor} me=${me.name} project=${project} stored=${value} setStored=${setStored} />`}
    </section>
  `;
}

/**
 * @param {{me: string, project: string, stored: Scheme, setStored: (scheme: Scheme) => void}} props
 *   `stored` is the scheme as it was last seen, which edits are compared with
 */
function Editor({ me, project, stored, setStored }) {
  const fresh = useMemo(() => drafted(stored, stored), [stored]);
  // The text as it is typed, null while that says what the draft does; and the version that one began
  // to edit.
  const text = /** @type {string | null} */ (null);
  const stands = { draft: fresh, text, version: stored.version };
  const [edits, setEdits, isBack, keptNow] = useDraft(me, "scheme", project, stands);
  const draft = useMemo(() => rebased(edits.draft, stored), [edits.draft, stored]);
  const [asJson, setAsJson] = useState(edits.text !== null);
  const [previewed, setPreviewed] = useState(false);
  const [refusal, setRefusal] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);

  /** @param {typeof edits | null} next */
  const change = (next) => {
    setEdits(next);
    setPreviewed(false);
    setRefusal(null);
  };
  /** Take over what was written as JSON; whether that could be read. */
  const takeText = () => {
    if (edits.text === null) return true;
    try {
      change({ ...edits, draft: read(edits.text, stored), text: null });
      return true;
    } catch (failure) {
      setRefusal(failure);
      return false;
    }
  };
  const toForm = () => {
    if (takeText()) setAsJson(false);
  };
  const preview = () => {
    if (takeText()) setPreviewed(true);
  };
  const save = async (/** @type {{currentTarget: HTMLButtonElement}} */ { currentTarget: button }) => {
    const isThere = staying(button);
    const sent = keptNow();
    setBusy(true);
    setRefusal(null);
    try {
      const address = path`/v1/projects/${project}/scheme`;
      const saved = await send("PUT", address, { body: written(draft), version: stored.version });
      setStored(saved);
      // What was edited while it was on its way, here or where one came back to it, is not in it, and
      // goes on from it.
      const kept = keptNow();
      change(null);
      if (kept && !same(kept, sent)) change({ ...kept, version: saved.version });
      announce("The scheme is saved.");
    } catch (failure) {
      // What was edited stays, and is compared with the newer scheme before it is sent again.
      const isMoved = failure instanceof Refused && failure.status === 412;
      if (isMoved) setStored(/** @type {Scheme} */ (/** @type {unknown} */ (failure.problem.current)));
      else setRefusal(failure);
      if (!isThere()) announceTrouble(`The scheme of ${project} is not saved`, failure);
    }
    setBusy(false);
  };
  const found = differences(stored, draft);
  const isEdited = found.length > 0 || edits.text !== null;
  return html`
    ${isBack && isEdited && html`<p role="status">What you edited before is here still, and not saved yet.</p>`}
    <p><small>Version ${stored.version}. Each change that is saved makes another.</small></p>
    <div class="row ways" role="group" aria-label="How to edit">
      <button type="button" aria-pressed=${!asJson} onClick=${toForm}>Form</button>
      <button type="button" aria-pressed=${asJson} onClick=${() => setAsJson(true)}>JSON</button>
    </div>
    ${
      !asJson
        ? html`
            <${SchemeForm}
              draft=${draft}
              onChange=${(/** @type {Draft} */ next) => change({ ...edits, draft: next })}
            />
          `
        : html`
            <label>
              The scheme as JSON
              <textarea
                class="json"
                rows="24"
                spellcheck="false"
                value=${edits.text ?? asText(draft)}
                onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) =>
                  change({ ...edits, text: event.currentTarget.value })}
              ></textarea>
            </label>
          `
    }
    <div class="panel preview">
      <h3>What would change</h3>
      <div role="status">
        ${
          edits.version !== stored.version &&
          html`
            <p>
              <strong>The scheme was changed meanwhile</strong>, and nothing was written. Your edits
              stand against version ${stored.version} now: look at what would change, and save again.
            </p>
          `
        }
        ${!previewed && html`<p>Look before saving: nothing is sent yet.</p>`}
        ${previewed && found.length === 0 && html`<p>Nothing.</p>`}
        ${previewed && found.length > 0 && html`<${Differences} found=${found} />`}
      </div>
      ${
        previewed &&
        !refusal &&
        html`<${AtRisk} key=${stored.version} project=${project} losses=${losses(stored, draft)} />`
      }
      ${refusal && html`<${Refusal} project=${project} refusal=${refusal} />`}
      <div class="row">
        <button type="button" onClick=${preview}>Preview</button>
        <button
          type="button"
          class="main"
          disabled=${!previewed || found.length === 0 || busy}
          onClick=${save}
        >
          Save
        </button>
        <button type="button" class="quiet" onClick=${() => change(null)}>Discard the edits</button>
      </div>
    </div>
  `;
}

/** @param {{found: import("./differences.js").Difference[]}} props */
function Differences({ found }) {
  const said = { "+": "added", "−": "removed", "~": "changed" };
  return html`
    <ul class="differences">
      ${found.map(
        ({ sign, what }) => html`
          <li>
            <span class="sign" aria-hidden="true">${sign}</span>
            <span><span class="unseen">${said[sign]}: </span>${what}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {{project: string, refusal: unknown}} props */
function Refusal({ project, refusal }) {
  const orphans = refusal instanceof Refused && refusal.problem["orphans"];
  return html`
    <${Trouble} error=${refusal} />
    ${orphans && html`<${Orphans} project=${project} orphans=${orphans} />`}
  `;
}
