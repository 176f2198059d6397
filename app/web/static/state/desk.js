/**
 * One document and the work on it: what the API has confirmed, and over it what is on its way.
 */

import { all, get, pages, path } from "../api.js";
import { follow, logEnd } from "../live.js";
import { Acts, UNIT } from "./acts.js";
import { outboxOf } from "./outbox.js";
import { overlaid } from "./overlay.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Relation} Relation */
/** @typedef {import("../types").Change} Change */
/** @typedef {import("./outbox.js").Outcome} Outcome */
/** @typedef {import("./write.js").Write} Write */

/** @typedef {import("./write.js").Refusal} Refusal */

export class Desk extends EventTarget {
  /**
   * Load a document, and follow what is done on it until `close`. Its annotations come afterwards,
   * so that one can read meanwhile: `isWhole` says when all are there.
   * @param {string} project its slug
   * @param {string} id of the document
   * @param {import("../types").Me} me
   * @param {AbortSignal} signal
   */
  static async open(project, id, me, signal) {
    // The log's end first: what is written while the rest is read is then told again.
    const [end, text, scheme] = await Promise.all([
      logEnd(project, signal),
      /** @type {Promise<import("../types").TextDocument>} */ (get(path`/v1/documents/${id}`, { signal })),
      /** @type {Promise<import("../types").Scheme>} */ (get(path`/v1/projects/${project}/scheme`, { signal })),
    ]);
    return new Desk(text, scheme, me, end);
  }

  /**
   * @param {import("../types").TextDocument} text
   * @param {import("../types").Scheme} scheme
   * @param {import("../types").Me} me
   * @param {number} end the sequence of a change before which all that is read was written
   */
  constructor(text, scheme, me, end) {
    super();
    this.document = text;
    this.scheme = scheme;
    this.me = me;
    this.connected = true;
    this.acts = new Acts(this);
    /** Whether all annotations are there; they come in text order. */
    this.isWhole = false;
    this.isDeleted = false;
    /** @type {unknown} */
    this.error = null;
    /** What others did that nobody was told of yet. @type {{kind: string, actor: string | null}[]} */
    this._heard = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._telling = undefined;
    /** @type {import("./overlay.js").Things} */
    this._confirmed = { annotations: new Map(), relations: new Map() };
    /** What was withdrawn: an older state of it may still come by in the log. */
    this._gone = new Set();
    /** The annotations as they are wanted, in text order, by id. */
    this.annotations = this._confirmed.annotations;
    /** The relations as they are wanted, by id. */
    this.relations = this._confirmed.relations;
    this._outbox = outboxOf(me.name);
    this._listening = new AbortController();
    const { signal } = this._listening;
    this._outbox.addEventListener(
      "outcome",
      (event) => this._take(/** @type {CustomEvent<Outcome>} */ (event).detail),
      { signal },
    );
    this._outbox.addEventListener("change", () => this.tell(), { signal });
    this._stop = follow(
      text.project,
      end,
      (change) => this._hear(change),
      (connected) => {
        this.connected = connected;
        this.tell();
      },
    );
    this._refresh();
    this._fill(signal).catch((error) => {
      if (signal.aborted) return;
      this.error = error;
      this.tell();
    });
  }

  /** @param {AbortSignal} signal */
  async _fill(signal) {
    const { id } = this.document;
    const relations = all(path`/v1/documents/${id}/relations`, { signal });
    // It is waited for below, unless the annotations fail first: then so does this, and is no news.
    relations.catch(() => {});
    for await (const page of pages(path`/v1/documents/${id}/annotations` + UNIT, { signal })) {
      for (const one of page) this._keep(one);
      this.tell();
    }
    for (const one of await relations) if (!this._gone.has(one.id)) this._confirmed.relations.set(one.id, one);
    this.isWhole = true;
    this.tell();
  }

  /** Hear nothing any more. */
  close() {
    this._listening.abort();
    clearTimeout(this._telling);
    this._stop();
  }

  /**
   * An annotation as it is wanted.
   * @param {string} id
   * @returns {Annotation | undefined}
   */
  annotation(id) {
    return this.annotations.get(id);
  }

  /**
   * Whether something about it is not confirmed yet.
   * @param {string} id
   */
  isPending(id) {
    return this._outbox.has(id);
  }

  /**
   * The relations that an annotation is an end of.
   * @param {string} id
   */
  relationsOf(id) {
    return [...this.relations.values()].filter((one) => one.source === id || one.target === id);
  }

  /**
   * Put a write on its way.
   * @param {Write} write
   */
  send(write) {
    this._act(write.subject, () => this._outbox.add(write));
  }

  /**
   * Do something, and tell what it makes of an annotation.
   * @param {string} id
   * @param {() => void} act
   */
  _act(id, act) {
    const before = this.annotation(id);
    act();
    const now = this.annotation(id);
    if (before && now) this.dispatchEvent(new CustomEvent("acted", { detail: { before, now } }));
  }

  /** What was refused of the work on this document. */
  get refusals() {
    return this._outbox.refused.filter(({ write }) => this._concerns(write));
  }

  /**
   * Give up what was refused.
   * @param {Refusal} refusal
   */
  dismiss(refusal) {
    this._outbox.forget(refusal);
  }

  /**
   * Send again what was refused, on what was shown beside it; what has changed again is shown again.
   * @param {Refusal} refusal
   */
  insist(refusal) {
    const { write, problem } = refusal;
    this._act(write.subject, () => this._outbox.again(refusal, problem.current?.version));
  }

  /** @param {Write} write */
  _concerns({ subject, address }) {
    const { annotations, relations } = this._confirmed;
    const isKnown = annotations.has(subject) || relations.has(subject) || this._gone.has(subject);
    return isKnown || address.includes(this.document.id);
  }

  /** @param {Outcome} outcome */
  _take({ write, answer, refused, behind = [] }) {
    if (!this._concerns(write)) return;
    if (refused) {
      for (const { key } of [write, ...behind]) this.acts.steps.refused(key);
      this.dispatchEvent(new CustomEvent("refused", { detail: write }));
      const { current } = refused.problem;
      if (current) this._keep(current);
      if (refused.status === 410) this._drop(write.subject);
    } else if (write.method === "DELETE") this._drop(write.subject);
    else if (write.address.includes("/relations")) this._confirmed.relations.set(answer.id, answer);
    else this._keep(answer);
    this.tell();
  }

  /** @param {Change} change */
  _hear({ kind, subject, state, actor }) {
    if (kind === "scheme.updated") void this._rescheme();
    if (kind === "document.deleted" && subject === this.document.id) {
      this.isDeleted = true;
      this.tell();
    }
    const ours = state?.document_id === this.document.id;
    const { annotations, relations } = this._confirmed;
    if (state === null) {
      if (!annotations.has(subject) && !relations.has(subject)) return;
      this._drop(subject);
    } else if (!ours || this._gone.has(subject)) return;
    else if (kind.startsWith("relation.")) relations.set(subject, state);
    else if (!this._keep(state)) return;
    if (actor !== this.me.name) this._heard.push({ kind, actor });
    // Somebody may change thousands at once: they are shown together.
    this._telling ??= setTimeout(() => this._tell(), 50);
  }

  _tell() {
    this._telling = undefined;
    const detail = this._heard;
    this._heard = [];
    this.tell();
    if (detail.length) this.dispatchEvent(new CustomEvent("heard", { detail }));
  }

  /** The scheme was changed: what is on the page stays where it is, in its new looks. */
  async _rescheme() {
    try {
      this.scheme = await get(path`/v1/projects/${this.document.project}/scheme`);
    } catch {
      // The next write or view that needs it says what is wrong.
      return;
    }
    this.tell();
  }

  /** @param {Annotation} state @returns {boolean} whether it is newer than what was known */
  _keep(state) {
    const known = this._confirmed.annotations.get(state.id);
    if (this._gone.has(state.id) || (known && known.version >= state.version)) return false;
    this._confirmed.annotations.set(state.id, state);
    return true;
  }

  /** @param {string} id */
  _drop(id) {
    this._gone.add(id);
    this._confirmed.relations.delete(id);
    if (!this._confirmed.annotations.delete(id)) return;
    for (const relation of [...this._confirmed.relations.values()]) {
      if (relation.source === id || relation.target === id) this._drop(relation.id);
    }
  }

  /** Have it shown. */
  tell() {
    this._refresh();
    this.dispatchEvent(new Event("change"));
  }

  _refresh() {
    const { annotations, relations } = overlaid(this._confirmed, this._outbox.waiting, this);
    this.annotations = annotations;
    this.relations = relations;
  }
}
