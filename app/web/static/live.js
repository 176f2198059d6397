/** What others write in a project, as it happens: the change log as server-sent events. */

import { Refused, call, get, path, speaks } from "./api.js";
import { onSpeaker } from "./state/kept.js";

/** @typedef {import("./types").Change} Change */

/** Told when who may do what in a project has changed. */
export const membersChanged = new EventTarget();

const KINDS = [
  "project.created", "project.updated", "member.set", "member.removed", "scheme.updated",
  "document.created", "document.updated", "document.deleted",
  "annotation.created", "annotation.updated", "annotation.decided", "annotation.withdrawn",
  "relation.created", "relation.withdrawn",
];

/**
 * Where the project's log ends now. Ask before reading what is to be kept up to date: what is
 * written in between is then told twice rather than never, and a version tells which is newer.
 * @param {string} project its slug
 * @param {AbortSignal} [signal]
 * @returns {Promise<number>} the sequence of the last change
 */
export async function logEnd(project, signal) {
  const options = signal ? { signal } : {};
  const address = path`/v1/projects/${project}`;
  try {
    const answer = await call("HEAD", `${address}/changes`, options);
    return Number(answer.headers.get("Stet-Snapshot"));
  } catch (error) {
    // The answer to HEAD has no words: those for the project say what is wrong.
    if (error instanceof Refused) await get(address, options);
    throw error;
  }
}

/**
 * Follow a project's log. A page that nobody sees does not: a browser has few connections for all
 * its pages together. Nor does one whose user is not the one who is signed in by now. It catches up when
 * it is seen again, or they are back.
 * @param {string} project its slug
 * @param {number} after the sequence of the last change that is known
 * @param {(change: Change) => void} tell called with each change, in order
 * @param {(connected: boolean) => void} [onConnected]
 * @returns {() => void} stops it
 */
export function follow(project, after, tell, onConnected = () => {}) {
  let last = after;
  let stopped = false;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  const disconnect = () => {
    clearTimeout(again);
    source?.close();
    source = undefined;
  };
  const connect = () => {
    disconnect();
    if (stopped || document.hidden) return;
    if (!speaks()) {
      onConnected(false);
      return;
    }
    const address = path`/v1/projects/${project}/changes?after=${String(last)}&offset_unit=utf16`;
    source = new EventSource(address);
    source.onopen = () => onConnected(true);
    source.onerror = () => {
      onConnected(false);
      // What the browser does not open again by itself was refused: by a server that is too busy,
      // or for good.
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(askWhy, 2000);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        const change = JSON.parse(event.data);
        last = change.sequence;
        if (kind.startsWith("member.")) membersChanged.dispatchEvent(new Event("changed"));
        tell(change);
      });
    }
  };
  const more = (/** @type {number} */ end) => {
    // The log was put back from a copy, and so was what is shown.
    if (end < last) location.reload();
    else connect();
  };
  const askWhy = () => {
    logEnd(project).then(more, (error) => {
      // A session that has ended is told to all; what may be seen no longer is not asked for again.
      if (error instanceof Refused && error.status !== 401) stopped = true;
      else again = setTimeout(askWhy, 5000);
    });
  };
  document.addEventListener("visibilitychange", connect);
  const unheard = onSpeaker(connect);
  connect();
  return () => {
    stopped = true;
    unheard();
    document.removeEventListener("visibilitychange", connect);
    disconnect();
  };
}
