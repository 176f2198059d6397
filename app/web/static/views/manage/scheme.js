import { Refused, get, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { useLoaded } from "../../parts/loaded.js";
import { Trouble } from "../../parts/trouble.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { Drafts } from "../../state/drafts.js";
import { AtRisk } from "./at_risk.js";
import { differences, losses } from "./differences.js";
import { asText, drafted, read, rebased, resumed, written } from "./draft.js";
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
  return html`
    <section>
      <h2>Scheme</h2>
      ${error && html`<${Trouble} error=${error} again=${reload} />`}
      ${value && !manages && html`<${SchemeShown} scheme=${value} />`}
      ${value &&
      manages &&
      html`<${Editor} me=${me.name} project=${project} stored=${value} setStored=${set} />`}
    </section>
  `;
}

/**
 * @param {{me: string, project: string, stored: Scheme, setStored: (scheme: Scheme) => void}} props
 *   `stored` is the scheme as it was last seen, which edits are compared with
 */
function Editor({ me, project, stored, setStored }) {
  /** @type {Drafts<{draft: Draft, text: string | null, version: number}>} */
  const drafts = new Drafts(me, "scheme");
  const [before] = useState(() => drafts.get(project));
  const [draft, setDraft] = useState(() =>
    before ? resumed(before.draft, stored) : drafted(stored, stored),
  );
  // The text while it is edited as JSON; null while it is edited in the form.
  const [text, setText] = useState(before?.text ?? null);
  const [previewed, setPreviewed] = useState(false);
  const [moved, setMoved] = useState(before !== null && before.version !== stored.version);
  const [refusal, setRefusal] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);

  /** @param {Draft} next */
  const change = (next) => {
    setDraft(next);
    setPreviewed(false);
    setRefusal(null);
  };
  /** Take over what was written as JSON; whether that could be read. */
  const takeText = () => {
    if (text === null) return draft;
    try {
      const next = read(text, stored);
      change(next);
      return next;
    } catch (failure) {
      setRefusal(failure);
      return null;
    }
  };
  const toForm = () => {
    if (takeText()) setText(null);
  };
  const toText = () => setText(asText(draft));
  const preview = () => {
    if (takeText()) setPreviewed(true);
  };
  const discard = () => {
    change(drafted(stored, stored));
    setMoved(false);
    if (text !== null) setText(asText(drafted(stored, stored)));
  };
  const save = async () => {
    setBusy(true);
    setRefusal(null);
    try {
      const address = path`/v1/projects/${project}/scheme`;
      const next = await send("PUT", address, { body: written(draft), version: stored.version });
      setStored(next);
      change(drafted(next, next));
      if (text !== null) setText(asText(drafted(next, next)));
      setMoved(false);
      announce("The scheme is saved.");
    } catch (failure) {
      if (failure instanceof Refused && failure.status === 412) {
        // What was edited stays, and is compared with the newer scheme before it is sent again.
        const newer = /** @type {Scheme} */ (/** @type {unknown} */ (failure.problem.current));
        setStored(newer);
        setDraft(rebased(draft, newer));
        setMoved(true);
      } else setRefusal(failure);
    }
    setBusy(false);
  };
  const found = differences(stored, draft);
  const isEdited = text === null ? found.length > 0 : text !== asText(drafted(stored, stored));
  useEffect(() => {
    drafts.set(project, isEdited ? { draft, text, version: stored.version } : null);
  }, [draft, text, stored]);
  return html`
    ${before && isEdited && html`<p role="status">What you edited before is here still, and not saved yet.</p>`}
    <p><small>Version ${stored.version}. Each change that is saved makes another.</small></p>
    <div class="row ways" role="group" aria-label="How to edit">
      <button type="button" aria-pressed=${text === null} onClick=${text === null ? null : toForm}>
        Form
      </button>
      <button type="button" aria-pressed=${text !== null} onClick=${text === null ? toText : null}>
        JSON
      </button>
    </div>
    ${
      text === null
        ? html`<${SchemeForm} draft=${draft} onChange=${change} />`
        : html`
            <label>
              The scheme as JSON
              <textarea
                class="json"
                rows="24"
                spellcheck="false"
                value=${text}
                onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => {
                  setText(event.currentTarget.value);
                  setPreviewed(false);
                }}
              ></textarea>
            </label>
          `
    }
    <div class="panel preview">
      <h3>What would change</h3>
      <div role="status">
        ${
          moved &&
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
        <button type="button" class="quiet" onClick=${discard}>Discard the edits</button>
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
