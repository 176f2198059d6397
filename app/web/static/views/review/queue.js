/**
 * What waits for review, in order, as it is known now: pages are loaded as they are needed, and the
 * change log tells what others write.
 */

import { get, path, query } from "../../api.js";
import { follow, logEnd } from "../../live.js";
import { keepPlace, kept, place } from "../../router.js";
import { matches } from "./matching.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Change} Change */
/** @typedef {import("./matching.js").Filter} Filter */
/** @typedef {import("../../api.js").Refused} Refused */

/**
 * One annotation of the queue. `seen` is what the reviewer has looked at or decided on; where `now`
 * is newer, it changed meanwhile.
 * @typedef {object} Entry
 * @property {string} id
 * @property {Annotation} seen
 * @property {Annotation} now
 * @property {number | null} selected the version that was seen when it was selected, if it was
 * @property {boolean} withdrawn
 * @property {Refused | null} refused why the decision on it was not taken
 */

const PAGE = 50;
/** When so few are left behind the one that is looked at, the next page is loaded. */
const NEARLY_ALL = 10;

// A look at the whole document leads back to where one was.
/** @type {Map<string, string>} */
const lastHeld = new Map();

export class Queue extends EventTarget {
  /**
   * @param {string} project its slug
   * @param {Filter} filter
   */
  constructor(project, filter) {
    super();
    this.project = project;
    this.filter = filter;
    /** @type {Entry[]} */
    this.entries = [];
    /** The id of what one is looking at; empty when the queue is. */
    this.held = "";
    /** Whether the first page is there. */
    this.opened = false;
    /** @type {string | null} where the next page begins; null when all are loaded */
    this.next = null;
    /** How many are behind those that are loaded, as far as that is known; else null. */
    this.behind = /** @type {number | null} */ (null);
    /** @type {unknown} */
    this.error = null;
    this._loading = false;
    this._abort = new AbortController();
    this._stop = () => {};
    /** Whether a decision on it is on its way; such a one stays until that is answered. */
    this.isWaiting = (/** @type {string} */ _id) => false;
  }

  /** Load the first page and keep it up to date until `close`. */
  async open() {
    this.error = null;
    const { signal } = this._abort;
    try {
      // The log's end first: what is written in between is then told twice rather than never.
      const end = await logEnd(this.project, signal);
      await this._page("", signal);
      this.hold(lastHeld.get(this.project) ?? kept().held ?? "");
      this._stop = follow(this.project, end, (change) => this.hear(change));
      void this._count(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.tell();
    }
  }

  close() {
    this._abort.abort();
    this._stop();
  }

  /** Load the next page, if there is one. */
  async more() {
    if (this.next === null || this._loading) return;
    this._loading = true;
    this.error = null;
    try {
      await this._page(this.next, this._abort.signal);
    } catch (error) {
      if (!this._abort.signal.aborted) this.error = error;
    } finally {
      this._loading = false;
      this.tell();
    }
  }

  /** @param {string} cursor @param {AbortSignal} signal */
  async _page(cursor, signal) {
    const { quote, ...same } = this.filter;
    const asked = { ...same, quote_contains: quote, order: "oldest", limit: PAGE, cursor };
    const address = path`/v1/projects/${this.project}/annotations`;
    const page = await get(`${address}${query({ ...asked, offset_unit: "utf16" })}`, { signal });
    const known = new Set(this.entries.map((entry) => entry.id));
    const more = page.items.filter((/** @type {Annotation} */ { id }) => !known.has(id));
    this.entries.push(...more.map(entryOf));
    // What others did meanwhile is not in it: it tells no more once it is used up.
    const left = (this.behind ?? 0) - more.length;
    this.behind = left > 0 ? left : null;
    this.next = page.next;
    this.opened = true;
  }

  /**
   * Find out how many there are behind the first page. A project's progress counts by status and label
   * alone, and all of a project: it is asked once, and only where one does not see it anyway.
   * @param {AbortSignal} signal
   */
  async _count(signal) {
    const { status, label, ...others } = this.filter;
    if (this.next === null || Object.values(others).some(Boolean)) return;
    try {
      /** @type {import("../../types").Progress} */
      const { labels } = await get(path`/v1/projects/${this.project}/progress`, { signal });
      const counts = label ? [labels[label]] : Object.values(labels);
      const total = counts.reduce((sum, one) => sum + (one?.[status] ?? 0), 0);
      const behind = total - this.entries.length;
      this.behind = behind > 0 ? behind : null;
      this.tell();
    } catch {
      // The queue goes on without.
    }
  }

  /** What one is looking at. */
  get entry() {
    return this.entries.find((entry) => entry.id === this.held);
  }

  /** @param {string} id @returns {Entry | undefined} */
  of(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /**
   * Look at an annotation; at the first one, if it is not in the queue.
   * @param {string} id
   */
  hold(id) {
    const left = this.entry;
    this.held = (this.of(id) ?? this.entries[0])?.id ?? "";
    if (left && left.id !== this.held) this._settle(left);
    lastHeld.set(this.project, this.held);
    if (place().parts[2] === "review") keepPlace({ held: this.held });
    const behind = this.entries.length - this.entries.findIndex((one) => one.id === this.held);
    if (behind <= NEARLY_ALL) void this.more();
    this.tell();
  }

  /**
   * Look at the one after or before; False when there is none.
   * @param {1 | -1} step
   */
  move(step) {
    const to = this.entries[this.entries.findIndex((one) => one.id === this.held) + step];
    if (to) this.hold(to.id);
    return to !== undefined;
  }

  /**
   * Look again at what has left the queue: it stays as long as one does.
   * @param {Entry} entry
   */
  bring(entry) {
    if (!this.of(entry.id)) {
      const at = this.entries.findIndex((one) => one.now.created_at > entry.now.created_at);
      this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
    }
    this.hold(entry.id);
  }

  /**
   * Take what an annotation says now as seen; what was chosen and typed for it stays.
   * @param {Entry} entry
   */
  take(entry) {
    entry.seen = entry.now;
    entry.refused = null;
    this.tell();
  }

  /**
   * Whether it is selected as it is now: what changed since has not been seen, and is selected no more.
   * @param {Entry} entry
   */
  isSelected({ selected, now }) {
    return selected === now.version;
  }

  /**
   * Select what is seen of each, or select it no more.
   * @param {string[]} ids
   */
  toggle(ids) {
    const meant = new Set(ids);
    for (const entry of this.entries) {
      if (meant.has(entry.id)) entry.selected = this.isSelected(entry) ? null : entry.seen.version;
    }
    this.tell();
  }

  /**
   * Take in a change of the project's log.
   * @param {Change} change
   */
  hear(change) {
    this.dispatchEvent(new CustomEvent("log", { detail: change }));
    if (!change.kind.startsWith("annotation.")) return;
    const entry = this.of(change.subject);
    if (change.kind === "annotation.withdrawn") {
      if (entry) entry.withdrawn = true;
    } else if (entry) {
      if (change.version > entry.now.version) entry.now = change.state;
    } else if (change.state && this._matches(change.state)) {
      this._insert(change.state);
    }
    if (entry) this._settle(entry);
    this.tell();
  }

  /**
   * One's own decision stands: an entry that it takes out of the queue is left.
   * @param {Entry} entry
   */
  done(entry) {
    entry.refused = null;
    if (entry.id === this.held && !this._matches(entry.now)) {
      if (!this.move(1) && !this.move(-1)) this.held = "";
    }
    this._settle(entry);
  }

  /**
   * Whether it is of the queue as it stands: one that is looked at, or was brought back, may not be.
   * @param {Entry} entry
   */
  has(entry) {
    return !entry.withdrawn && this._matches(entry.now);
  }

  /**
   * Let an entry go that is none of the queue any more, unless somebody still looks at it.
   * @param {Entry} entry
   */
  _settle(entry) {
    if (entry.id === this.held || entry.refused || this.isWaiting(entry.id)) return;
    if (!this.has(entry)) {
      this.entries = this.entries.filter((one) => one !== entry);
    } else if (entry.selected !== entry.seen.version) {
      // What was selected shows that it changed until the new version is looked at.
      entry.seen = entry.now;
    }
  }

  /** @param {Annotation} annotation */
  _matches(annotation) {
    return matches(this.filter, annotation);
  }

  /**
   * Put in what came, where its age has it; what is younger than the last page comes with its own.
   * @param {Annotation} annotation
   */
  _insert(annotation) {
    const at = this.entries.findIndex((one) => one.now.created_at > annotation.created_at);
    if (at >= 0) this.entries.splice(at, 0, entryOf(annotation));
    else if (this.next === null) this.entries.push(entryOf(annotation));
    if (!this.held) this.hold("");
  }

  /** Have it shown. */
  tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Annotation} item @returns {Entry} */
function entryOf(item) {
  return { id: item.id, seen: item, now: item, selected: null, withdrawn: false, refused: null };
}
