/**
 * What a person does on a document: each act is sent at once, shown at once, and can be undone.
 */

import { newId, path } from "../api.js";
import { short } from "../text/short.js";
import { Asks, Questions } from "./questions.js";
import { same } from "./same.js";
import { Steps } from "./steps.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Relation} Relation */
/** @typedef {import("../types").Role} Role */
/** @typedef {import("./write.js").Write} Write */

/**
 * What an annotation says, as it is sent.
 * @typedef {object} Said
 * @property {string} label
 * @property {number} start
 * @property {number} end
 * @property {string} quote
 * @property {import("../types").Span[] | null} fragments
 * @property {Record<string, import("../types").AttributeValue>} attributes
 * @property {string | null} note
 */

export const UNIT = "?offset_unit=utf16";

export class Acts {
  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this._desk = desk;
    this.steps = new Steps();
    /** What one is in the project, as the view knows it: it may change meanwhile. @type {Role} */
    this.role = "reader";
    this.questions = new Questions(() => desk.tell());
  }

  /** Take the last step back. @param {(said: string) => void} tell */
  undo(tell) {
    this.questions.first((seen) => tell(this.steps.undo(seen)));
  }

  /** Do again what was taken back. @param {(said: string) => void} tell */
  redo(tell) {
    this.questions.first((seen) => tell(this.steps.redo(seen)));
  }

  /**
   * Mark words.
   * @param {Said} said
   * @returns {string} the new annotation's id
   */
  create(said) {
    let id = "";
    this.steps.did({
      does: `Mark “${short(said.quote)}” as ${said.label}`,
      redo: () => {
        const before = id;
        id = this._create(said);
        this.steps.rename(before, id);
        return true;
      },
      undo: (seen) => this._withdraw(id, said, seen),
    });
    return id;
  }

  /**
   * Change what an annotation says.
   * @param {string} id
   * @param {Partial<Said>} said
   * @param {number} [seen] the version that one looked at: if it is no longer the newest, the API
   *   refuses, and both are shown. Without it, as of one key or one drag, what is approved is asked
   *   about first
   * @param {(isThere: boolean) => void} [then] called when it is on its way, or not there to be changed
   */
  edit(id, said, seen, then = () => {}) {
    this.questions.first((asked) => {
      const before = this._now(id);
      if (before) this._change(before, said, seen ?? asked);
      then(before !== undefined);
    });
  }

  /** @param {Annotation} before @param {Partial<Said>} said @param {number} [seen] */
  _change(before, said, seen) {
    const { id, quote } = before;
    const fields = /** @type {(keyof Said)[]} */ (Object.keys(said));
    if (fields.every((name) => same(said[name], before[name]))) return;
    const was = Object.fromEntries(fields.map((name) => [name, before[name]]));
    /** @type {import("./steps.js").Step} */
    const step = {
      does: `Change “${short(quote)}”`,
      redo: (looked) => this._edit(id, said, was, looked),
      undo: (looked) => this._edit(id, was, said, looked),
    };
    this.steps.did(step, seen);
  }

  /**
   * Send what was typed for an annotation that was withdrawn meanwhile. It is refused, and so it is
   * kept and shown until somebody gives it up.
   * @param {Annotation} before
   * @param {Partial<Said>} said
   */
  editWithdrawn(before, said) {
    const fields = /** @type {(keyof Said)[]} */ (Object.keys(said));
    if (!fields.every((name) => same(said[name], before[name]))) this._patch(before, said, before.version);
  }

  /**
   * Whether one may withdraw it, if one may change it: what is approved, a reviewer alone.
   * @param {Annotation} annotation
   */
  mayWithdraw({ status }) {
    return status !== "approved" || this.role === "reviewer" || this.role === "manager";
  }

  /**
   * Withdraw an annotation, and so its relations.
   * @param {string} id
   * @param {() => void} then called when it is on its way
   */
  withdraw(id, then) {
    this.questions.first((seen) => {
      const before = this._now(id);
      if (before) this._take(before, seen);
      then();
    });
  }

  /**
   * One's own can be brought back; another's would come back as one's own, so that is no step to be
   * undone.
   * @param {Annotation} before
   * @param {number} [seen]
   */
  _take(before, seen) {
    const { id, author, quote } = before;
    const was = saidBy(before);
    if (author !== this._desk.me.name) {
      this._withdraw(id, was, seen);
      return;
    }
    const joined = this._desk.relationsOf(id);
    /** @type {import("./steps.js").Step} */
    const step = {
      does: `Withdraw “${short(quote)}”`,
      redo: (looked) => this._withdraw(id, was, looked),
      undo: () => {
        // What was withdrawn stays so: its words come back under another id.
        this.steps.rename(this.steps.named(id), this._create(was));
        for (const one of joined) {
          this.steps.rename(one.id, this._relate(one.type, one.source, one.target));
        }
        return true;
      },
    };
    this.steps.did(step, seen);
  }

  /**
   * Join two annotations.
   * @param {string} type of the scheme
   * @param {string} source
   * @param {string} target
   */
  relate(type, source, target) {
    let id = "";
    this.steps.did({
      does: `Relate by “${type}”`,
      redo: () => {
        const before = id;
        id = this._relate(type, source, target);
        this.steps.rename(before, id);
        return true;
      },
      undo: () => this._unrelate(id),
    });
  }

  /**
   * Take a relation away.
   * @param {Relation} relation
   */
  unrelate({ id, type, source, target }) {
    this.steps.did({
      does: `Remove “${type}”`,
      redo: () => this._unrelate(id),
      undo: () => {
        this.steps.rename(this.steps.named(id), this._relate(type, source, target));
        return true;
      },
    });
  }

  /** @param {string} id @returns {Annotation | undefined} */
  _now(id) {
    return this._desk.annotation(this.steps.named(id));
  }

  /** @param {Said} said */
  _create(said) {
    const id = newId();
    const address = path`/v1/documents/${this._desk.document.id}/annotations` + UNIT;
    const does = `Mark “${short(said.quote)}” as ${said.label}`;
    this._send(id, "POST", address, does, { body: { id, ...said } });
    return id;
  }

  /**
   * @param {string} id
   * @param {Partial<Said>} said
   * @param {Partial<Said>} was what stands there, unless somebody has changed it
   * @param {number} [seen]
   * @throws {Asks} when it is approved, and nobody has looked
   */
  _edit(id, said, was, seen) {
    const now = this._now(id);
    const fields = /** @type {(keyof Said)[]} */ (Object.keys(was));
    if (!now || !fields.every((name) => same(was[name], now[name]))) return false;
    if (now.status === "approved" && seen === undefined) throw new Asks("change", now);
    this._patch(now, said, seen ?? now.version);
    return true;
  }

  /** @param {Annotation} now @param {Partial<Said>} said @param {number} version */
  _patch({ id, quote }, said, version) {
    const address = path`/v1/annotations/${id}` + UNIT;
    this._send(id, "PATCH", address, `Change “${short(quote)}”`, { body: said, version });
  }

  /**
   * @param {string} id
   * @param {Said} was what it says, unless somebody has changed it
   * @param {number} [seen]
   * @throws {Asks} when it is approved or another's, and nobody has looked
   */
  _withdraw(id, was, seen) {
    const now = this._now(id);
    if (!now || !same(was, saidBy(now)) || !this.mayWithdraw(now)) return false;
    const comesBack = now.status !== "approved" && now.author === this._desk.me.name;
    if (!comesBack && seen === undefined) throw new Asks("withdraw", now);
    const does = `Withdraw “${short(now.quote)}”`;
    const version = seen ?? now.version;
    this._send(now.id, "DELETE", path`/v1/annotations/${now.id}`, does, { version });
    return true;
  }

  /** @param {string} type @param {string} source @param {string} target */
  _relate(type, source, target) {
    const id = newId();
    const body = { id, type, source: this.steps.named(source), target: this.steps.named(target) };
    const address = path`/v1/documents/${this._desk.document.id}/relations`;
    this._send(id, "POST", address, `Relate by “${type}”`, { body });
    return id;
  }

  /** @param {string} id */
  _unrelate(id) {
    const now = this._desk.relations.get(this.steps.named(id));
    if (!now) return false;
    const does = `Remove “${now.type}”`;
    this._send(now.id, "DELETE", path`/v1/relations/${now.id}`, does, { version: now.version });
    return true;
  }

  /**
   * @param {string} subject
   * @param {Write["method"]} method
   * @param {string} address
   * @param {string} does
   * @param {{body?: unknown, version?: number}} more
   */
  _send(subject, method, address, does, more) {
    const key = newId();
    this.steps.sends(key);
    this._desk.send({ key, subject, method, address, does, ...more });
  }
}

/** @param {Annotation} annotation @returns {Said} */
export function saidBy({ label, start, end, quote, fragments, attributes, note }) {
  return { label, start, end, quote, fragments, attributes, note };
}
