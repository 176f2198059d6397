/** What one is looking at, with all that one needs to decide on it. */

import { LabelName } from "../../parts/label.js";
import { useLoaded } from "../../parts/loaded.js";
import { Moment } from "../../parts/moment.js";
import { Badge, STATUSES } from "../../parts/status.js";
import { Trouble } from "../../parts/trouble.js";
import { link } from "../../router.js";
import { html, useEffect, useMemo } from "../../vendor/preact.js";
import { SideBySide, differences } from "./differences.js";
import { Excerpt, sentencesAround } from "./excerpt.js";
import { DecisionForm, said } from "./form.js";
import { HistoryList } from "./history.js";
import { aroundOf, documentOf } from "./sources.js";
import { OnTheSameWords, Said, Ties } from "./surroundings.js";

/** @typedef {import("../../types").Change} Change */
/** @typedef {import("../../types").Verdict} Verdict */
/** @typedef {import("./queue.js").Entry} Entry */

/** Changes come in crowds; what is around is asked for once they pause, in milliseconds. */
const PAUSE = 300;
/** @type {import("../../types").Annotation[]} */
const NONE = [];

/**
 * @param {{entry: Entry, queue: import("./queue.js").Queue,
 *   decisions: import("./decisions.js").Decisions, labels: import("../../types").Label[],
 *   me: string, mayDecide: boolean, allowSelf: boolean, take: () => void,
 *   choose: (verdict: Verdict) => void, send: () => void}} props
 */
export function Item(props) {
  const { entry, queue, labels } = props;
  const { seen, now } = entry;
  const { id, document_id, revision } = seen;
  const source = useLoaded(() => documentOf(document_id, revision), [document_id, revision]);
  const document = source.value?.id === document_id ? source.value : undefined;
  const stretch = useMemo(
    () => document && sentencesAround(document.text, seen, document.language),
    [document, seen.start, seen.end],
  );
  const loaded = useLoaded(
    async (signal) => (stretch ? aroundOf(seen, stretch, signal) : undefined),
    [id, seen.version, now.version, stretch?.start, stretch?.end],
  );
  const around = loaded.value?.id === id ? loaded.value : undefined;
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let soon;
    const hear = (/** @type {Event} */ event) => {
      const { state, subject } = /** @type {CustomEvent<Change>} */ (event).detail;
      // What is gone says no more where it was.
      if (subject === id || (state && state.document_id !== document_id)) return;
      clearTimeout(soon);
      soon = setTimeout(loaded.reload, PAUSE);
    };
    queue.addEventListener("log", hear);
    return () => {
      queue.removeEventListener("log", hear);
      clearTimeout(soon);
    };
  }, [queue, id, document_id]);
  useEffect(() => {
    if (!source.error && !loaded.error) return;
    const again = () => {
      source.reload();
      loaded.reload();
    };
    addEventListener("online", again);
    return () => removeEventListener("online", again);
  }, [source.error, loaded.error]);
  const editor = around?.history.versions.at(-1)?.edited_by;
  const where = ["projects", seen.project, "documents", document_id];
  return html`
    <article class="item" aria-labelledby="item">
      <header>
        <h2 id="item" tabindex="-1"><${LabelName} labels=${labels} name=${seen.label} /></h2>
        <${Badge} status=${seen.status} />
        <span>${seen.author}${seen.origin !== "human" && `, ${seen.origin}`}</span>
        <span>version ${seen.version}</span>
        <${Moment} at=${seen.updated_at} />
        ${document &&
        html`
          <span class="from">
            <a href=${link(where, { annotation: id })} dir="auto">${document.title}</a>
            <a href=${link(["projects", seen.project, "compare", document_id])}>Compare annotators</a>
          </span>
        `}
      </header>
      ${source.error &&
      html`
        <${Trouble} error=${source.error} again=${source.reload} />
        <blockquote dir="auto">${seen.quote}</blockquote>
      `}
      ${document &&
      stretch &&
      html`
        <${Excerpt}
          text=${document.text}
          stretch=${stretch}
          labels=${labels}
          chosen=${seen}
          others=${around?.others ?? NONE}
        />
      `}
      <${Said} annotation=${seen} />
      <${Judgement} ...${props} editor=${editor} />
      ${loaded.error && html`<${Trouble} error=${loaded.error} again=${loaded.reload} />`}
      ${around &&
      html`
        <div class="beside">
          <section>
            <h3>On the same words</h3>
            <${OnTheSameWords} annotation=${seen} others=${around.others} labels=${labels} />
            <h3>Relations</h3>
            <${Ties} ties=${around.ties} labels=${labels} />
          </section>
          <section>
            <h3>History</h3>
            <${HistoryList} history=${around.history} />
          </section>
        </div>
      `}
    </article>
  `;
}

/**
 * What stands of the decision: that it is on its way, was refused, is not for oneself, or its form.
 * Whoever edited the words may say that they are wrong, but not that they are right.
 * @param {Parameters<typeof Item>[0] & {editor: string | undefined}} props
 */
function Judgement({ entry, decisions, me, mayDecide, allowSelf, editor, take, choose, send }) {
  const { id, seen, now } = entry;
  const waiting = decisions.waiting(id);
  if (waiting) {
    const stuck = decisions.outbox.trouble;
    return html`<p class="notice" role="status">… ${said(waiting)}: on its way. ${stuck}</p>`;
  }
  const { withdrawn } = entry;
  const changed = !withdrawn && now.version !== seen.version;
  const draft = decisions.draft(id);
  const own = !allowSelf && seen.author === me;
  const edited = !allowSelf && editor === me;
  const typed = draft.verdict !== null || draft.comment !== "";
  // In one place whatever happens around it: who types in it goes on typing.
  return html`
    ${withdrawn && html`<${Withdrawn} typed=${typed} />`}
    ${changed && html`<${Changed} entry=${entry} take=${take} />`}
    ${!withdrawn && !changed && entry.refused && html`<${Trouble} error=${entry.refused} />`}
    ${!withdrawn &&
    !mayDecide &&
    html`<p class="notice">You may look. It takes the role reviewer or above to decide.</p>`}
    ${!withdrawn && mayDecide && own && html`<p class="notice">⊘ Yours: another reviewer decides on it.</p>`}
    ${!withdrawn &&
    mayDecide &&
    !own &&
    edited &&
    html`
      <p class="notice">
        ⊘ You made this version: another reviewer approves it. You may reject it or request changes.
      </p>
    `}
    ${mayDecide &&
    !own &&
    (!withdrawn || typed) &&
    html`
      <${DecisionForm}
        draft=${draft}
        mayApprove=${!edited}
        blocked=${changed || withdrawn}
        keep=${(/** @type {typeof draft} */ next) => decisions.keep(id, next)}
        choose=${choose}
        send=${send}
      />
    `}
  `;
}

/** There is nothing to decide any more. @param {{typed: boolean}} props */
function Withdrawn({ typed }) {
  return html`
    <p class="notice" role="alert">
      <strong>✕ Withdrawn meanwhile.</strong> There is nothing to decide any more.
      ${typed && " What you typed is not sent; it can still be read and copied."}
    </p>
  `;
}

/** What became of it while one looked. @param {{entry: Entry, take: () => void}} props */
function Changed({ entry: { seen, now }, take }) {
  const decided = now.decided_by && differences(seen, now).every(({ name }) => name === "status");
  const { sign, name } = STATUSES[now.status];
  return html`
    <section class="changed" role="alert">
      <h3>
        ${decided ? `Decided meanwhile by ${now.decided_by}: ${sign} ${name}` : "Changed meanwhile"}
      </h3>
      <${SideBySide} before=${seen} after=${now} />
      <p>What you chose and typed is kept. It is sent for the new version only when you say so again.</p>
      <button type="button" onClick=${take}>
        Go on with the new version <kbd aria-hidden="true">n</kbd>
      </button>
    </section>
  `;
}
