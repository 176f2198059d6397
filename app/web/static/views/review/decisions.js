/** One's own decisions: typed, on their way through the outbox, and answered. */

import { Refused, get, newId, path } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { Drafts } from "../../state/drafts.js";
import { isBlank } from "../../text/blank.js";
import { short } from "../../text/short.js";

/** @typedef {import("../../types").Decision} Decision */
/** @typedef {import("../../types").Problem} Problem */
/** @typedef {import("../../types").Verdict} Verdict */
/** @typedef {import("../../state/outbox.js").Outbox} Outbox */
/** @typedef {import("../../state/outbox.js").Outcome} Outcome */
/** @typedef {import("./queue.js").Entry} Entry */
/** @typedef {import("./queue.js").Queue} Queue */

/**
 * What a reviewer has chosen and typed for an annotation, and not sent yet.
 * @typedef {{verdict: Verdict | null, comment: string}} Draft
 */
/**
 * What became of decisions that were sent together.
 * @typedef {{done: number, refused: {id: string, words: string, why: Refused}[]}} Results
 */
/** @typedef {{annotation: string, version: number, verdict: Verdict}} Together */

const NOTHING = /** @type {Draft} */ ({ verdict: null, comment: "" });
/** What the subject of a single decision begins with. */
const ONE = "decision:";
/** How many decisions the API takes at once. */
const AT_ONCE = 1000;

/** @type {WeakSet<Outbox>} */
const kept = new WeakSet();

/**
 * What a reviewer has typed, by annotation.
 * @param {Outbox} outbox of the reviewer
 * @returns {Drafts<Draft>}
 */
function draftsOf(outbox) {
  return new Drafts(outbox.owner, "decision");
}

/**
 * What was sent is typed again.
 * @param {Outbox} outbox
 * @param {import("../../state/write.js").Write} write
 */
function draftAgain(outbox, { subject, body }) {
  const { verdict, comment } = /** @type {Draft} */ (body);
  draftsOf(outbox).set(subject.slice(ONE.length), { verdict, comment: comment ?? "" });
}

/**
 * Keep what was typed for a decision that is refused, whatever view is open then, and say so.
 * @param {Outbox} outbox
 */
function keepRefused(outbox) {
  if (kept.has(outbox)) return;
  kept.add(outbox);
  outbox.addEventListener("outcome", (event) => {
    const { write, refused } = /** @type {CustomEvent<Outcome>} */ (event).detail;
    if (!refused || !write.subject.startsWith(ONE)) return;
    event.preventDefault();
    draftAgain(outbox, write);
    announce(`${write.does}: not taken. ${refused.message}`);
  });
}

export class Decisions {
  /**
   * @param {Queue} queue
   * @param {Outbox} outbox of who decides
   */
  constructor(queue, outbox) {
    this.queue = queue;
    this.outbox = outbox;
    this._drafts = draftsOf(outbox);
    /** @type {Results | null} */
    this.results = null;
    /** What was decided here, the last one last. @type {Entry[]} */
    this.decided = [];
    queue.isWaiting = (id) => this.waiting(id) !== undefined;
    keepRefused(outbox);
    this._inherit = () => this._takeRefused();
    queue.addEventListener("change", this._inherit);
    this._changed = () => queue.tell();
    this._outcome = (/** @type {Event} */ event) =>
      this._answered(/** @type {CustomEvent<Outcome>} */ (event));
    outbox.addEventListener("change", this._changed);
    outbox.addEventListener("outcome", this._outcome);
  }

  close() {
    this.queue.removeEventListener("change", this._inherit);
    this.outbox.removeEventListener("change", this._changed);
    this.outbox.removeEventListener("outcome", this._outcome);
  }

  /**
   * Take over what was refused while no view of decisions was open, such as before a reload: as
   * soon as its annotation is in the queue, and unless something else is typed for it already.
   */
  _takeRefused() {
    for (const refusal of this.outbox.refused) {
      const { write, problem } = refusal;
      const entry = this.queue.entries.find((one) => subjectOf(one.id) === write.subject);
      if (!entry || this._drafts.get(entry.id)) continue;
      draftAgain(this.outbox, write);
      refuse(entry, new Refused(problem));
      // Told as a change, which leads here again: what is left is then taken.
      this.outbox.forget(refusal);
      return;
    }
  }

  /**
   * What is typed for an annotation.
   * @param {string} id
   * @returns {Draft}
   */
  draft(id) {
    return this._drafts.get(id) ?? NOTHING;
  }

  /** @param {string} id @param {Draft} draft */
  keep(id, draft) {
    this._drafts.set(id, draft, NOTHING);
    this.queue.tell();
  }

  /**
   * The verdict that is on its way for an annotation.
   * @param {string} id
   * @returns {Verdict | undefined}
   */
  waiting(id) {
    for (const { subject, body } of this.outbox.waiting) {
      if (subject === subjectOf(id)) return /** @type {Together} */ (body).verdict;
      if (subject !== this._together) continue;
      const { decisions } = /** @type {{decisions: Together[]}} */ (body);
      const found = decisions.find((one) => one.annotation === id);
      if (found) return found.verdict;
    }
    return undefined;
  }

  /**
   * Decide on the version that was seen, and go on to the next.
   * @param {Entry} entry
   * @param {Verdict} verdict
   * @param {string} comment
   */
  decide(entry, verdict, comment) {
    this._drafts.set(entry.id, null);
    this.decided.push(entry);
    entry.refused = null;
    this.outbox.add({
      key: newId(),
      subject: subjectOf(entry.id),
      method: "POST",
      address: `${path`/v1/annotations/${entry.id}/decisions`}?offset_unit=utf16`,
      body: { verdict, comment: isBlank(comment) ? null : comment.trim() },
      version: entry.seen.version,
      does: `Decide on “${short(entry.seen.quote)}”`,
    });
    this._goOn(entry);
  }

  /**
   * Approve many together.
   * @param {Entry[]} entries
   */
  approve(entries) {
    this.results = null;
    this.decided.push(...entries);
    for (let first = 0; first < entries.length; first += AT_ONCE) {
      const decisions = entries.slice(first, first + AT_ONCE).map(({ id, seen }) => ({
        annotation: id,
        version: seen.version,
        verdict: "approve",
      }));
      this.outbox.add({
        key: newId(),
        subject: this._together,
        method: "POST",
        address: `${path`/v1/projects/${this.queue.project}/decisions`}?offset_unit=utf16`,
        body: { decisions },
        does: `Approve ${decisions.length} annotations`,
      });
    }
    const held = this.queue.entry;
    if (held && this.waiting(held.id)) this._goOn(held);
  }

  /**
   * Look again at what was decided last, to decide otherwise; then at the one before it.
   * @returns {Promise<string>} why not; empty when it is there
   */
  async back() {
    const entry = this.decided.at(-1);
    if (!entry) return "Nothing was decided here before.";
    if (this.waiting(entry.id)) return "That decision is on its way. Once it stands, you may overturn it.";
    this.decided.pop();
    this.queue.bring(entry);
    // It has left the queue, and may have changed since.
    try {
      const now = await get(`${path`/v1/annotations/${entry.id}`}?offset_unit=utf16`);
      if (now.version > entry.now.version) entry.now = now;
    } catch (error) {
      if (error instanceof Refused && error.status === 410) entry.withdrawn = true;
      // Else whoever decides on what has changed is told then.
    }
    this.queue.tell();
    return "";
  }

  /** Say no more of what was decided together. */
  dismiss() {
    this.results = null;
    this.queue.tell();
  }

  get _together() {
    return `decisions:${this.queue.project}`;
  }

  /** To the next that waits, from the top again at the end. @param {Entry} from */
  _goOn(from) {
    const { entries } = this.queue;
    const at = entries.indexOf(from);
    const order = [...entries.slice(at + 1), ...entries.slice(0, at)];
    const next = order.find((one) => !this.waiting(one.id) && !one.refused);
    if (next) this.queue.hold(next.id);
  }

  /** @param {CustomEvent<Outcome>} event */
  _answered(event) {
    const { write, answer, refused } = event.detail;
    if (write.subject === this._together) {
      event.preventDefault();
      const { decisions } = /** @type {{decisions: Together[]}} */ (write.body);
      this._answeredTogether(answer?.results ?? decisions, refused);
    } else {
      const entry = this.queue.entries.find((one) => subjectOf(one.id) === write.subject);
      if (!entry) return;
      if (refused) refuse(entry, refused);
      else this._stands(entry, answer);
    }
    this.queue.tell();
  }

  /**
   * @param {{annotation: string, decision?: Decision, problem?: Problem}[]} each
   * @param {Refused | undefined} whole why none was taken
   */
  _answeredTogether(each, whole) {
    const results = this.results ?? { done: 0, refused: [] };
    for (const { annotation: id, decision, problem } of each) {
      const entry = this.queue.of(id);
      const why = whole ?? (problem && new Refused(problem));
      if (why) {
        results.refused.push({ id, words: entry?.seen.quote ?? id, why });
        if (entry) refuse(entry, why);
      } else {
        results.done += 1;
        if (entry && decision) this._stands(entry, decision);
      }
    }
    this.results = results;
  }

  /** @param {Entry} entry @param {Decision} decision */
  _stands(entry, decision) {
    const { status, resulting_version: version, reviewer, decided_at } = decision;
    if (version > entry.now.version) {
      entry.now = { ...entry.now, status, version, decided_by: reviewer, decided_at };
    }
    // One's own decision is nothing that happened under one's eyes.
    if (entry.now.version === version) entry.seen = entry.now;
    this.queue.done(entry);
  }
}

/** @param {Entry} entry @param {Refused} why */
function refuse(entry, why) {
  entry.refused = why;
  const { current } = why.problem;
  if (current && current.version > entry.now.version) entry.now = current;
  if (why.status === 410) entry.withdrawn = true;
}

/**
 * Decisions have a subject of their own: an edit on its way never gives them a version unseen.
 * @param {string} id
 */
function subjectOf(id) {
  return `${ONE}${id}`;
}
