/**
 * Calls to the API, as any client could make them. Offsets are asked for and sent in UTF-16 code
 * units, in which JavaScript counts.
 */

import { speaker, speaksFor } from "./state/kept.js";

/** @typedef {import("./types").Problem} Problem */

/** The API refused: `problem` is its answer, RFC 9457. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(explain(problem));
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.type.split("/").at(-1) ?? "";
  }
}

/** Nobody answered, or a server that cannot: asking again later may help. */
export class Unreachable extends Error {
  /**
   * @param {string} why
   * @param {{seconds?: number, status?: number}} [more] how long to wait at least, and the status
   *   that was answered, if any
   */
  constructor(why, { seconds = 0, status = 0 } = {}) {
    super(why);
    this.seconds = seconds;
    this.status = status;
  }
}

/**
 * A problem in its own words, each refused field with what is wrong with it.
 * @param {Problem} problem
 */
export function explain(problem) {
  const details = (problem.errors ?? []).map((error) => {
    const at = error.pointer?.slice(1) || error.parameter;
    return at ? `${at}: ${error.detail}` : error.detail;
  });
  return details.length ? details.join(" ") : problem.detail || problem.title;
}

/**
 * A path with each value encoded: `` path`/v1/projects/${slug}` ``.
 * @param {TemplateStringsArray} strings
 * @param {...string} values
 */
export function path(strings, ...values) {
  return String.raw({ raw: strings }, ...values.map(encodeURIComponent));
}

/**
 * A query string, or nothing; empty and absent values are left out, a list is repeated.
 * @param {Record<string, string | number | boolean | string[] | null | undefined>} values
 */
export function query(values) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "" && one !== false) {
        found.append(name, String(one));
      }
    }
  }
  const said = found.toString();
  return said && `?${said}`;
}

/** Told when the session has ended. */
export const signedOut = new EventTarget();

/** Where one signs in and out, which is done as nobody yet. */
const SESSION = "/v1/session";

/** Who the page is of; nobody while it asks who one is. */
let owner = "";

/**
 * Ask and write only as this user from now on.
 * @param {string} name
 */
export function actAs(name) {
  owner = name;
}

/** Whether what is sent now is sent as this page's user: all pages of a browser share one session. */
export function speaks() {
  return owner === "" || speaksFor(owner);
}

/**
 * What this page's user wants is not written as another's, nor is what another may see shown as theirs.
 * @throws {Unreachable} when somebody else is signed in by now, or nobody
 */
function mustSpeak() {
  if (speaks()) return;
  const other = speaker();
  if (other === "") signedOut.dispatchEvent(new Event("signedout"));
  const now = other === "" ? "Nobody" : other;
  throw new Unreachable(`${now} is signed in in this browser by now: nothing was sent as ${owner}.`);
}

/**
 * @typedef {object} Options
 * @property {unknown} [body] sent as JSON; a Blob is sent as it is
 * @property {number} [version] the version that was seen, for If-Match
 * @property {string} [etag] the whole ETag that was seen, where that says more than the version
 * @property {AbortSignal} [signal]
 */

/**
 * One call.
 * @param {string} method
 * @param {string} address
 * @param {Options} [options]
 * @returns {Promise<Response>} whose status is below 300
 * @throws {Refused} when the API says no
 * @throws {Unreachable} when nobody answers, the server is too busy, or it would be another user's call
 */
export async function call(method, address, { body, version, etag, signal } = {}) {
  if (address !== SESSION) mustSpeak();
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  const file = body instanceof Blob;
  if (body !== undefined && !file) headers["Content-Type"] = "application/json";
  if (file) headers["Content-Type"] = "application/octet-stream";
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  if (etag !== undefined) headers["If-Match"] = etag;
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers,
      body: body === undefined ? null : file ? body : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("Stet cannot be reached.");
  }
  if (answer.ok) return answer;
  // 501 says that this Stet cannot do it at all, such as write a format whose library it lacks.
  if (answer.status === 429 || (answer.status >= 500 && answer.status !== 501)) {
    const seconds = Number(answer.headers.get("Retry-After"));
    const why = answer.status === 500 ? "Stet failed." : "Stet is too busy.";
    const { status } = answer;
    throw new Unreachable(why, { seconds: Number.isFinite(seconds) ? seconds : 0, status });
  }
  const refused = new Refused(await problemOf(answer));
  if (refused.status === 401 && address !== SESSION) {
    signedOut.dispatchEvent(new Event("signedout"));
  }
  throw refused;
}

/**
 * @param {Response} answer
 * @returns {Promise<Problem>}
 */
async function problemOf(answer) {
  try {
    return await answer.json();
  } catch {
    const title = `Something between here and Stet answered ${answer.status}.`;
    return { type: "/problems/unknown", title, status: answer.status, detail: title };
  }
}

/**
 * What stands at an address.
 * @param {string} address
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function get(address, options) {
  return jsonOf(await call("GET", address, options));
}

/** @param {Response} answer */
async function jsonOf(answer) {
  try {
    return await answer.json();
  } catch (error) {
    // Cut short, or a page of something in between; whoever gave up waiting is told that instead.
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable("What answered is not Stet.");
  }
}

/**
 * Send, and take the answer's JSON; null when it has none.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} address
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function send(method, address, options) {
  const answer = await call(method, address, options);
  return answer.status === 204 ? null : jsonOf(answer);
}

/**
 * An answer that goes on by `next`, a page after the other: one may have fewer items than its limit.
 * @param {string} address with its query, but without `limit` and `cursor`
 * @param {{signal?: AbortSignal, limit?: number}} [options]
 * @returns {AsyncGenerator<any>} the pages, whole
 */
export async function* answers(address, { signal, limit = 1000 } = {}) {
  /** @type {string | null} */
  let cursor = "";
  while (cursor !== null) {
    const separator = address.includes("?") ? "&" : "?";
    const asked = `${address}${separator}${query({ limit, cursor }).slice(1)}`;
    const page = await get(asked, signal ? { signal } : {});
    yield page;
    cursor = page.next;
  }
}

/**
 * All of a list, a page after the other.
 * @param {string} address with its query, but without `limit` and `cursor`
 * @param {{signal?: AbortSignal, limit?: number}} [options]
 * @returns {AsyncGenerator<any[]>} the items of each page
 */
export async function* pages(address, options) {
  for await (const { items } of answers(address, options)) yield items;
}

/**
 * All of a list at once.
 * @param {string} address
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any[]>}
 */
export async function all(address, options) {
  const found = [];
  for await (const page of pages(address, options)) found.push(...page);
  return found;
}

/** A new id, version 7 (RFC 9562): sorted by when it was made. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Date.now()) << 16n) | 0x7000n);
  const random = crypto.getRandomValues(new Uint8Array(2));
  bytes[6] = 0x70 | ((random[0] ?? 0) & 0x0f);
  bytes[7] = random[1] ?? 0;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
