/**
 * Writes that are on their way. Each is kept in this browser until the API has answered it, sent
 * again when nobody answers, and after a reload: so none is lost, and none, having an id or a
 * version of its own, is done twice.
 */

import { Refused, Unreachable, newId, send } from "../api.js";
import { keep, names, pageName, recall, speaksFor } from "./kept.js";
import { took } from "./write.js";

/** @typedef {import("./write.js").Write} Write */
/** @typedef {import("./write.js").Refusal} Refusal */

/**
 * What became of a write. Who takes a refusal upon themselves prevents the event's default, which
 * is to keep it; what waited behind the write is kept in any case.
 * @typedef {object} Outcome
 * @property {Write} write
 * @property {any} [answer] what the API made of it
 * @property {Refused} [refused] why it was refused
 * @property {Write[]} [behind] what waited behind it and, if it was refused, is not sent either
 */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** So often a write is sent on which Stet itself fails; then it stands in the way of no other. */
const TRIES = 5;

export class Outbox extends EventTarget {
  /** @param {string} owner whose writes they are: another user of the browser sends none of them */
  constructor(owner) {
    super();
    this.owner = owner;
    this._prefix = `stet.outbox.${owner}/`;
    // Each page keeps its own: two that are open at once do not write over one another.
    this._name = this._prefix + (navigator.locks ? newId() : pageName());
    /** @type {Write[]} */
    this.waiting = [];
    /** @type {Refusal[]} */
    this.refused = [];
    /** Why nothing gets through at the moment; empty when nothing is known to be wrong. */
    this.trouble = "";
    /** Whether a reload would find what waits here. */
    this.isKept = true;
    this._sending = false;
    this._failures = 0;
    addEventListener("online", () => this.resume());
    this._inherit();
  }

  /**
   * Take over what pages have left that are closed, now and as long as this one is open. Only locks
   * tell that a page is closed, and need HTTPS or this very machine; without them a page takes what
   * it left itself, before it was loaded again.
   */
  _inherit() {
    const { locks } = navigator;
    if (!locks) {
      this._adopt(this._name);
      return;
    }
    // For as long as this page is open.
    void locks.request(this._name, () => new Promise(() => {}));
    for (const name of names(this._prefix)) void locks.request(name, () => this._adopt(name));
  }

  /** @param {string} name */
  _adopt(name) {
    const left = recall(name);
    if (left === null) return;
    let found;
    try {
      found = JSON.parse(left);
    } catch {
      // Nobody can read it, and so nobody sends it.
      return;
    }
    this.waiting.push(...found.waiting);
    this.refused.push(...found.refused);
    this._keep();
    if (name !== this._name) keep(name, null);
    this.resume();
  }

  /**
   * Send a write, after those that wait already.
   * @param {Write} write
   */
  add(write) {
    this.waiting.push(write);
    this._keep();
    this.resume();
  }

  /**
   * Whether something is on its way for this subject.
   * @param {string} subject
   */
  has(subject) {
    return this.waiting.some((write) => write.subject === subject);
  }

  /** Try to send, now. */
  resume() {
    clearTimeout(this._timer);
    this._timer = undefined;
    void this._send();
  }

  /**
   * Keep a refusal no longer.
   * @param {Refusal} refusal
   */
  forget(refusal) {
    this.refused = this.refused.filter((one) => one !== refusal);
    this._keep();
  }

  /**
   * Send another write in the place of a refused one; what waited behind that is kept.
   * @param {Refusal} refusal
   * @param {Write} write
   */
  replace(refusal, write) {
    const [first, ...rest] = refusal.behind;
    if (first) this.refused.push({ ...refusal, write: first, behind: rest });
    // Kept before the other is forgotten: a page that is closed in between has both, and not neither.
    this.add(write);
    this.forget(refusal);
  }

  /**
   * Send again what was refused.
   * @param {Refusal} refusal
   * @param {number} [version] the version that has been seen since; without it each keeps its own
   */
  again(refusal, version) {
    for (const write of [refusal.write, ...refusal.behind]) {
      const seen = version === undefined || write.version === undefined ? {} : { version };
      this.add({ ...write, key: newId(), ...seen });
    }
    this.forget(refusal);
  }

  /**
   * Let what was made or refused on the same version as an edit follow the one that the edit has made.
   * Others keep theirs, and so does everything when somebody else came in between: nobody has seen that
   * version, so the API refuses them and both are shown. What waits behind a POST names the first.
   * @param {Write} write
   * @param {any} made what the annotation is by it
   */
  _follow({ subject, method, version }, made) {
    if (method !== "PATCH" || version === undefined || made.version !== version + 1) return;
    const refused = this.refused.filter(({ write }) => write.subject === subject);
    for (const one of [...this.waiting, ...refused.flatMap(({ write, behind }) => [write, ...behind])]) {
      if (one.subject === subject && one.version === version) one.version = made.version;
    }
    for (const { problem } of refused) if (problem.current?.version === version) problem.current = made;
  }

  /**
   * Take back what waits for a subject.
   * @param {string} subject
   */
  drop(subject) {
    this.waiting = this.waiting.filter((write) => write.subject !== subject);
  }

  _keep() {
    const { waiting, refused } = this;
    const something = waiting.length || refused.length;
    this.isKept = keep(this._name, something ? JSON.stringify({ waiting, refused }) : null);
    this.dispatchEvent(new Event("change"));
  }

  async _send() {
    if (this._sending) return;
    this._sending = true;
    try {
      while (this.waiting.length && this._timer === undefined) await this._sendFirst();
    } finally {
      this._sending = false;
    }
  }

  async _sendFirst() {
    const write = /** @type {Write} */ (this.waiting[0]);
    if (!speaksFor(this.owner)) {
      this._wait(new Unreachable(`It is sent when ${this.owner} signs in again.`));
      return;
    }
    /** @type {Outcome} */
    const outcome = { write };
    try {
      const { method, address, body, version } = write;
      outcome.answer = await send(method, address, version === undefined ? { body } : { body, version });
    } catch (error) {
      const refused = this._refusal(write, error);
      if (!refused) {
        this._wait(/** @type {Error} */ (error));
        return;
      }
      if (write.method === "DELETE" && refused.status === 410) outcome.answer = null;
      else if (took(write, refused)) outcome.answer = refused.problem.current;
      else outcome.refused = refused;
    }
    this._failures = 0;
    this.trouble = "";
    this.waiting.shift();
    this._settle(outcome);
  }

  /**
   * Why a write is not to be sent again; nothing when it is.
   * @param {Write} write
   * @param {unknown} error
   */
  _refusal(write, error) {
    if (error instanceof Refused) return error.status === 401 ? undefined : error;
    if (!(error instanceof Unreachable)) throw error;
    if (error.status !== 500 || this._failures + 1 < TRIES) return undefined;
    const title = `${error.message} It did so ${TRIES} times.`;
    return new Refused({ type: "/problems/unknown", title, status: 500, detail: `${write.does}: ${title}` });
  }

  /** @param {Outcome} outcome */
  _settle(outcome) {
    const { write, answer, refused } = outcome;
    const behind = refused ? this.waiting.filter((one) => one.subject === write.subject) : [];
    if (refused) this.drop(write.subject);
    else this._follow(write, answer);
    const told = new CustomEvent("outcome", { detail: { ...outcome, behind }, cancelable: true });
    const [first, ...rest] = this.dispatchEvent(told) ? [write, ...behind] : behind;
    if (refused && first) this.refused.push({ write: first, behind: rest, problem: refused.problem });
    this._keep();
  }

  /** @param {Error} error */
  _wait(error) {
    this._failures += 1;
    this.trouble = error.message;
    const asked = error instanceof Unreachable ? error.seconds * 1000 : 0;
    const doubling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this._failures - 1));
    this._timer = setTimeout(() => this.resume(), Math.max(asked, doubling));
    this.dispatchEvent(new Event("change"));
  }
}

/** @type {Map<string, Outbox>} */
const outboxes = new Map();

/**
 * The outbox of a user, the same one for all views.
 * @param {string} owner
 */
export function outboxOf(owner) {
  let found = outboxes.get(owner);
  if (!found) {
    found = new Outbox(owner);
    outboxes.set(owner, found);
  }
  return found;
}
