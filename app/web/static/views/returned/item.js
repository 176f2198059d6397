/** One annotation that came back: why, in its sentence, and what one can do about it. */

import { Refused, all, newId, path, send } from "../../api.js";
import { Confirm } from "../../parts/confirm.js";
import { useDraft } from "../../parts/draft.js";
import { LabelName } from "../../parts/label.js";
import { useLoaded } from "../../parts/loaded.js";
import { Moment } from "../../parts/moment.js";
import { Badge } from "../../parts/status.js";
import { Trouble } from "../../parts/trouble.js";
import { link } from "../../router.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact.js";
import { short } from "../../text/short.js";
import { outboxOf } from "../../state/outbox.js";
import { SideBySide } from "../review/differences.js";
import { Excerpt, sentencesAround } from "../review/excerpt.js";
import { documentOf } from "../review/sources.js";
import { Said } from "../review/surroundings.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Decision} Decision */
/** @typedef {import("../../types").Label} Label */

/** @type {Annotation[]} */
const NONE = [];

/**
 * @param {{item: import("../returned.js").Back, labels: Label[], me: string, leave: () => void}} props `leave` takes
 *   it out of the list
 */
export function BackItem({ item, labels, me, leave }) {
  const [seen, setSeen] = useState(item);
  const { document_id: document, revision, id } = seen;
  const { value, error, reload } = useLoaded(
    async (signal) => {
      const [text, decisions] = await Promise.all([
        documentOf(document, revision),
        all(path`/v1/annotations/${id}/decisions`, { signal }),
      ]);
      return { source: text, decision: /** @type {Decision | undefined} */ (decisions.at(-1)) };
    },
    [id, seen.version],
  );
  const source = value?.source;
  const stretch = useMemo(
    () => source && sentencesAround(source.text, seen, source.language),
    [source, seen.start, seen.end],
  );
  return html`
    <section class="panel" aria-labelledby=${`back-${id}`}>
      <div class="row">
        <h2 id=${`back-${id}`}><${LabelName} labels=${labels} name=${seen.label} /></h2>
        <${Badge} status=${seen.status} />
        ${source && html`<small dir="auto">${source.title}</small>`}
      </div>
      ${error && html`<${Trouble} error=${error} again=${reload} />`}
      ${value?.decision && html`<${Why} decision=${value.decision} />`}
      ${source &&
      stretch &&
      html`
        <${Excerpt}
          text=${source.text}
          stretch=${stretch}
          labels=${labels}
          chosen=${seen}
          others=${NONE}
        />
      `}
      <${Said} annotation=${{ ...seen, note: null }} />
      <${Answer} item=${item} seen=${seen} me=${me} take=${() => setSeen(item)} leave=${leave} />
    </section>
  `;
}

/** @param {{decision: Decision}} props */
function Why({ decision: { reviewer, decided_at, comment } }) {
  return html`
    <div class="why">
      <p><strong>${reviewer}</strong>, <${Moment} at=${decided_at} />:</p>
      <p dir="auto">${comment}</p>
    </div>
  `;
}

/**
 * @param {{item: import("../returned.js").Back, seen: Annotation, me: string, take: () => void,
 *   leave: () => void}} props
 */
function Answer({ item, seen, me, take, leave }) {
  const { id, project, document_id: document } = seen;
  const outbox = outboxOf(me);
  const stands = seen.note ?? "";
  const [note, setNote] = useDraft(me, "answer", id, stands);
  const [asking, setAsking] = useState(false);
  const [, show] = useState(0);
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => {
    const changed = () => show((before) => before + 1);
    outbox.addEventListener("change", changed);
    return () => outbox.removeEventListener("change", changed);
  }, [outbox]);
  // Other edits of it were made elsewhere, and are shown there when they are refused.
  const refusal = outbox.refused.find(({ write }) => write.subject === id && write.isAnswer);
  // Before one can type: what is typed by then would be taken back.
  useLayoutEffect(() => {
    if (!refusal) return;
    const wanted = /** @type {{note: string}} */ (refusal.write.body).note;
    if (note === stands) setNote(wanted);
  }, [refusal]);
  const reply = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const same = note.trim() === stands.trim();
    field.current?.setCustomValidity(same ? "Write an answer first, or edit the annotation." : "");
    if (!field.current?.reportValidity()) return;
    /** @type {import("../../state/write.js").Write} */
    const answer = {
      key: newId(),
      subject: id,
      method: "PATCH",
      address: path`/v1/annotations/${id}?offset_unit=utf16`,
      body: { note: note.trim() },
      version: seen.version,
      does: `Answer on “${seen.quote}”`,
      isAnswer: true,
    };
    if (refusal) outbox.replace(refusal, answer);
    else outbox.add(answer);
    setNote(null);
  };
  const forget = () => {
    if (refusal) outbox.forget(refusal);
    setNote(null);
    leave();
  };
  if (outbox.has(id)) {
    return html`<p class="notice" role="status">… Your answer is on its way. ${outbox.trouble}</p>`;
  }
  const { withdrawn } = item;
  const changed = !withdrawn && item.version !== seen.version;
  const place = ["projects", project, "documents", document];
  return html`
    ${withdrawn &&
    html`
      <p class="notice" role="alert">
        <strong>✕ Withdrawn meanwhile.</strong> What you typed is not sent; it can still be read and copied.
      </p>
    `}
    ${changed && html`<${Changed} item=${item} seen=${seen} take=${take} />`}
    ${!changed && refusal && html`<${Trouble} error=${new Refused(refusal.problem)} />`}
    <form onSubmit=${reply}>
      <label>
        Your answer <small>it becomes the annotation’s note</small>
        <textarea
          ref=${field}
          rows="2"
          dir="auto"
          value=${note}
          onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => {
            event.currentTarget.setCustomValidity("");
            setNote(event.currentTarget.value);
          }}
        ></textarea>
      </label>
      <div class="row">
        <button type="submit" class="main" disabled=${changed || withdrawn}>Answer and send back</button>
        ${withdrawn
          ? html`<button type="button" onClick=${forget}>Let it go</button>`
          : html`
              <a href=${link(place, { annotation: id })}>Edit in its document</a>
              <button type="button" class="danger" disabled=${changed} onClick=${() => setAsking(true)}>
                Withdraw
              </button>
            `}
      </div>
    </form>
    ${asking && html`<${Withdraw} item=${item} leave=${forget} onClose=${() => setAsking(false)} />`}
  `;
}

/** @param {{item: Annotation, seen: Annotation, take: () => void}} props */
function Changed({ item, seen, take }) {
  return html`
    <section class="changed" role="alert">
      <h3>Changed meanwhile${item.status === "pending" && ": it waits for review again"}</h3>
      <${SideBySide} before=${seen} after=${item} />
      <p>What you typed is kept.</p>
      <button type="button" onClick=${take}>Go on with the new version</button>
    </section>
  `;
}

/** @param {{item: Annotation, leave: () => void, onClose: () => void}} props */
function Withdraw({ item, leave, onClose }) {
  const [now, setNow] = useState(item);
  const act = async () => {
    await send("DELETE", path`/v1/annotations/${now.id}`, { version: now.version });
    leave();
  };
  return html`
    <${Confirm}
      title="Withdraw this annotation?"
      verb="Withdraw"
      act=${act}
      onMoved=${setNow}
      onClose=${onClose}
    >
      <p>The ${now.label} <q dir="auto">${short(now.quote)}</q> leaves every list. Its history remains.</p>
    <//>
  `;
}
