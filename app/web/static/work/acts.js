/**
 * What a person does on a document: each act is sent at once, shown at once, and can be undone.
 */

import { newId, path } from "../api.js";
import { short } from "../text/short.js";
import { same } from "./outbox.js";
import { Steps } from "./steps.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Relation} Relation */
/** @typedef {import("./outbox.js").Write} Write */

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
  }

  /**
   * Mark words.
   * @param {Said} said
   * @returns {string} the new annotation's id
   */
  create(said) {
    const step = { id: "" };
    this.steps.did({
      does: `Mark “${short(said.quote)}” as ${said.label}`,
      redo: () => {
        step.id = this._create(said);
      },
      undo: () => this._withdraw(this._now(step.id)),
    });
    return step.id;
  }

  /**
   * Change what an annotation says.
   * @param {string} id
   * @param {Partial<Said>} said
   */
  edit(id, said) {
    const before = this._now(id);
    if (!before) return;
    const changed = /** @type {(keyof Said)[]} */ (Object.keys(said)).filter(
      (name) => !same(said[name], before[name]),
    );
    if (!changed.length) return;
    const was = Object.fromEntries(Object.keys(said).map((name) => [name, before[/** @type {keyof Said} */ (name)]]));
    this.steps.did({
      does: `Change “${short(before.quote)}”`,
      redo: () => this._edit(id, said),
      undo: () => this._edit(id, was),
    });
  }

  /**
   * Withdraw an annotation, and so its relations.
   * @param {string} id
   */
  withdraw(id) {
    const before = this._now(id);
    if (!before) return;
    const joined = this._desk.relationsOf(before.id);
    this.steps.did({
      does: `Withdraw “${short(before.quote)}”`,
      redo: () => this._withdraw(this._now(id)),
      undo: () => {
        // What was withdrawn stays so: its words come back under another id.
        this.steps.rename(before.id, this._create(saidBy(before)));
        for (const one of joined) this._relate(one.type, one.source, one.target);
      },
    });
  }

  /**
   * Join two annotations.
   * @param {string} type of the scheme
   * @param {string} source
   * @param {string} target
   */
  relate(type, source, target) {
    const step = { id: "" };
    this.steps.did({
      does: `Relate by “${type}”`,
      redo: () => {
        step.id = this._relate(type, source, target);
      },
      undo: () => this._unrelate(step.id),
    });
  }

  /**
   * Take a relation away.
   * @param {Relation} relation
   */
  unrelate({ id, type, source, target }) {
    const step = { id };
    this.steps.did({
      does: `Remove “${type}”`,
      redo: () => this._unrelate(step.id),
      undo: () => {
        step.id = this._relate(type, source, target);
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

  /** @param {string} id @param {Partial<Said>} said */
  _edit(id, said) {
    const now = this._now(id);
    if (!now) return;
    this._send(now.id, "PATCH", path`/v1/annotations/${now.id}` + UNIT, `Change “${short(now.quote)}”`, {
      body: said,
      version: now.version,
    });
  }

  /** @param {Annotation | undefined} now */
  _withdraw(now) {
    if (!now) return;
    const does = `Withdraw “${short(now.quote)}”`;
    this._send(now.id, "DELETE", path`/v1/annotations/${now.id}`, does, { version: now.version });
  }

  /** @param {string} type @param {string} source @param {string} target */
  _relate(type, source, target) {
    const id = newId();
    const body = { id, type, source: this.steps.named(source), target: this.steps.named(target) };
    this._send(id, "POST", path`/v1/documents/${this._desk.document.id}/relations`, `Relate by “${type}”`, { body });
    return id;
  }

  /** @param {string} id */
  _unrelate(id) {
    const now = this._desk.relations.get(id);
    if (!now) return;
    const does = `Remove “${now.type}”`;
    this._send(id, "DELETE", path`/v1/relations/${id}`, does, { version: now.version });
  }

  /**
   * @param {string} subject
   * @param {Write["method"]} method
   * @param {string} address
   * @param {string} does
   * @param {{body?: unknown, version?: number}} more
   */
  _send(subject, method, address, does, more) {
    this._desk.send({ key: newId(), subject, method, address, does, ...more });
  }
}

/** @param {Annotation} annotation @returns {Said} */
export function saidBy({ label, start, end, quote, fragments, attributes, note }) {
  return { label, start, end, quote, fragments, attributes, note };
}
