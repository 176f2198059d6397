/** Review: what waits, one after the other, and the decisions on it. */

import { get, path } from "../api.js";
import { announce } from "../parts/announce.js";
import { isTyping, useKeys } from "../parts/keys.js";
import { signedIn, useLoaded } from "../parts/loaded.js";
import { STATUSES } from "../parts/status.js";
import { Trouble } from "../parts/trouble.js";
import { go, link } from "../router.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { isBlank } from "../text/blank.js";
import { short } from "../text/short.js";
import { outboxOf } from "../state/outbox.js";
import { Decisions } from "./review/decisions.js";
import { Filters, filterOf } from "./review/filters.js";
import { Item } from "./review/item.js";
import { QueueList } from "./review/list.js";
import { Queue } from "./review/queue.js";
import { ResultsPanel } from "./review/results.js";

/** @typedef {import("../types").Project} Project */
/** @typedef {import("../types").Scheme} Scheme */
/** @typedef {import("../types").Verdict} Verdict */
/** @typedef {import("./review/queue.js").Entry} Entry */
/** @typedef {import("./review/matching.js").Filter} Filter */

/** The review queue of a project. @param {import("../main.js").ViewProps} props */
export function Review({ me, place, project, role }) {
  const { value, error, reload } = useLoaded(
    async (signal) => {
      const [settings, scheme] = await Promise.all([
        get(path`/v1/projects/${project}`, { signal }),
        get(path`/v1/projects/${project}/scheme`, { signal }),
      ]);
      return { project: /** @type {Project} */ (settings), scheme: /** @type {Scheme} */ (scheme) };
    },
    [project],
  );
  useEffect(() => {
    document.title = `Review · ${project} · Stet`;
  }, [project]);
  const filter = filterOf(place.query);
  return html`
    <h1>Review</h1>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${value &&
    html`
      <${Filters} project=${project} filter=${filter} labels=${value.scheme.labels} />
      <${Desk}
        key=${JSON.stringify(filter)}
        filter=${filter}
        me=${me.name}
        labels=${value.scheme.labels}
        project=${project}
        mayDecide=${role === "reviewer" || role === "manager"}
        allowSelf=${value.project.settings.allow_self_review}
      />
    `}
  `;
}

/**
 * The queue of a filter, shown again whenever something of it changes.
 * @param {string} project
 * @param {Filter} filter
 * @param {string} me
 */
function useQueue(project, filter, me) {
  const [, show] = useState(0);
  const made = useRef(/** @type {{queue: Queue, decisions: Decisions} | null} */ (null));
  if (!made.current) {
    const queue = new Queue(project, filter);
    made.current = { queue, decisions: new Decisions(queue, outboxOf(me)) };
  }
  const { queue, decisions } = made.current;
  const load = () => void (queue.opened ? queue.more() : queue.open());
  useLayoutEffect(() => {
    const changed = () => show((before) => before + 1);
    const again = () => queue.error && load();
    queue.addEventListener("change", changed);
    signedIn.addEventListener("signedin", again);
    load();
    return () => {
      queue.removeEventListener("change", changed);
      signedIn.removeEventListener("signedin", again);
      queue.close();
      decisions.close();
    };
  }, []);
  return { queue, decisions, load };
}

/**
 * @param {{filter: Filter, me: string, labels: import("../types").Label[], project: string,
 *   mayDecide: boolean, allowSelf: boolean}} props
 */
function Desk({ filter, me, labels, project, mayDecide, allowSelf }) {
  const { queue, decisions, load } = useQueue(project, filter, me);
  const moved = useRef(false);
  const { entry } = queue;
  // Before the next key: it may already have put the cursor into the comment.
  useLayoutEffect(() => {
    // Who moves by keys or decides is led to what is next; who only opened the view is not,
    // nor who types elsewhere by the time that a decision is answered.
    if (moved.current && !isTyping()) document.getElementById("item")?.focus();
    moved.current = false;
  }, [queue.held]);

  const maySelect = (/** @type {Entry} */ { id, seen, now, withdrawn }) =>
    !withdrawn &&
    (allowSelf || now.author !== me) &&
    now.version === seen.version &&
    !decisions.waiting(id);
  const move = (/** @type {1 | -1} */ step) => {
    moved.current = true;
    if (!queue.move(step)) announce(step > 0 ? "This is the last one." : "This is the first one.");
  };
  const comment = () => document.getElementById("comment")?.focus();
  /** Whether that can be decided now; if not, why not is said. */
  const ready = (/** @type {Verdict} */ verdict) => {
    if (!entry) return false;
    if (entry.withdrawn) {
      announce("It was withdrawn meanwhile.");
      return false;
    }
    if (entry.now.version !== entry.seen.version) {
      announce("It changed meanwhile. Look at the new version first.");
      return false;
    }
    // What is on its way or one's own has no form, and that of what one has edited does
    // not offer to approve it; the page says which.
    return document.querySelector(`form.decide [value="${verdict}"]`) !== null;
  };
  const decide = (/** @type {Verdict} */ verdict, /** @type {string} */ typed) => {
    if (!entry) return;
    moved.current = true;
    entry.selected = null;
    decisions.decide(entry, verdict, typed);
    // The field goes, and nothing more is typed for it: the next key is one of the page's.
    document.getElementById("item")?.focus();
  };
  const choose = (/** @type {Verdict} */ verdict) => {
    if (!entry || !ready(verdict)) return;
    const draft = decisions.draft(entry.id);
    if (verdict === "approve") {
      decide(verdict, draft.comment);
    } else {
      decisions.keep(entry.id, { ...draft, verdict });
      comment();
    }
  };
  const send = () => {
    if (!entry) return;
    const draft = decisions.draft(entry.id);
    if (!ready(draft.verdict ?? "reject")) return;
    if (!draft.verdict) announce("Choose a verdict first.");
    else if (draft.verdict === "approve" || !isBlank(draft.comment)) decide(draft.verdict, draft.comment);
    else {
      announce("Say why: it goes back to the author.");
      comment();
    }
  };
  const back = async () => {
    moved.current = true;
    const why = await decisions.back();
    if (!why) return;
    moved.current = false;
    announce(why);
  };
  const take = () => {
    if (!entry || entry.now.version === entry.seen.version) return;
    queue.take(entry);
    document.getElementById("item")?.focus();
  };
  const picked = queue.entries.filter((one) => queue.isSelected(one) && maySelect(one));
  const approve = () => {
    if (!picked.length) return;
    moved.current = true;
    for (const one of queue.entries) one.selected = null;
    decisions.approve(picked);
  };
  const open = () => {
    if (!entry) return;
    const { document_id, id } = entry.seen;
    go(link(["projects", project, "documents", document_id], { annotation: id }));
  };
  useKeys("Review", [
    { keys: ["j"], does: "The next one", run: () => move(1), repeats: true },
    { keys: ["k"], does: "The one before", run: () => move(-1), repeats: true },
    { keys: ["o"], does: "Open it in its document", run: open },
    ...(mayDecide
      ? [
          { keys: ["a"], does: "Approve", run: () => choose("approve") },
          { keys: ["r"], does: "Reject: say why", run: () => choose("reject") },
          { keys: ["c"], does: "Request changes: say which", run: () => choose("request_changes") },
          { keys: ["Ctrl+z"], does: "Back to the one decided last, to decide otherwise", run: back },
          { keys: ["Ctrl+Enter"], does: "Send the verdict and go on", run: send, inFields: true },
          { keys: ["n"], does: "Go on with the new version of what changed", run: take },
          {
            keys: ["x"],
            does: "Select, or select no more",
            run: () => entry && maySelect(entry) && queue.toggle([entry.id]),
          },
          { keys: ["A"], does: "Approve all that are selected", run: approve },
        ]
      : []),
  ]);

  const show = (/** @type {string} */ id) => {
    moved.current = id !== queue.held;
    queue.hold(id);
  };
  const listed = new Set(decisions.results?.refused.map((one) => one.id));
  const refused = queue.entries.find(
    (one) => one.refused && one.id !== queue.held && !listed.has(one.id),
  );
  const { name } = STATUSES[filter.status];
  return html`
    ${queue.error && html`<${Trouble} error=${queue.error} again=${load} />`}
    ${queue.opened &&
    html`
      <div class="row count">
        <p role="status">${counted(queue, decisions, name)}</p>
        ${decisions.decided.length > 0 &&
        html`<button type="button" class="quiet" onClick=${back}>
          <span aria-hidden="true">↶</span> Back to the one decided last${" "}
          <kbd aria-hidden="true">Ctrl</kbd><kbd aria-hidden="true">Z</kbd>
        </button>`}
      </div>
    `}
    ${refused &&
    html`
      <div class="trouble" role="alert">
        <p>A decision was not taken, on “${short(refused.seen.quote)}”: ${refused.refused?.message}</p>
        <button type="button" onClick=${() => show(refused.id)}>Back to it</button>
      </div>
    `}
    ${decisions.results && html`<${ResultsPanel} decisions=${decisions} show=${show} />`}
    ${entry &&
    html`
      <div class="review">
        <${QueueList}
          queue=${queue}
          decisions=${decisions}
          labels=${labels}
          me=${me}
          selected=${new Set(picked.map((one) => one.id))}
          mayDecide=${mayDecide}
          allowSelf=${allowSelf}
          maySelect=${maySelect}
          choose=${show}
          approve=${approve}
        />
        <${Item}
          key=${entry.id}
          entry=${entry}
          queue=${queue}
          decisions=${decisions}
          labels=${labels}
          me=${me}
          mayDecide=${mayDecide}
          allowSelf=${allowSelf}
          take=${take}
          choose=${choose}
          send=${send}
        />
      </div>
    `}
  `;
}

const number = new Intl.NumberFormat();

/**
 * How many there are, as far as is known.
 * @param {Queue} queue
 * @param {Decisions} decisions
 * @param {string} name of the status
 */
function counted(queue, decisions, name) {
  const sent = queue.entries.filter((one) => decisions.waiting(one.id)).length;
  const count = queue.entries.filter((one) => queue.has(one) && !decisions.waiting(one.id)).length;
  const all = queue.behind === null ? "+" : ` of ${number.format(count + queue.behind)}`;
  const more = queue.next === null ? "" : all;
  const way = sent ? `, ${sent} on ${sent === 1 ? "its" : "their"} way` : "";
  return count || more ? `${count}${more} ${name}${way}.` : `Nothing here is ${name}${way}.`;
}
