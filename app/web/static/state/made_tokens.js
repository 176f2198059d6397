/**
 * Tokens that were made in this page. The API tells each once: here they stand, in memory alone,
 * until they are put away, their owner has signed out in any page of the browser, or the page is
 * loaded again, whichever view is open when one comes.
 */

import { speaks } from "../api.js";
import { onSpeaker } from "./kept.js";

/** @typedef {import("../types").Token & {token: string}} MadeToken */

/** @type {MadeToken[]} */
let made = [];
/** Those that nobody has seen yet. @type {Set<string>} */
const unseen = new Set();
const changes = new EventTarget();

addEventListener("beforeunload", (event) => {
  if (unseen.size) event.preventDefault();
});

// They act as whoever has made them: the next to sit here is not shown them.
onSpeaker(() => {
  if (speaks()) return;
  made = [];
  unseen.clear();
  changes.dispatchEvent(new Event("change"));
});

/** @returns {readonly MadeToken[]} the last one first */
export const madeTokens = () => made;

/**
 * @param {MadeToken} token
 * @returns {boolean} whether it stands here: not if its owner has signed out meanwhile
 */
export function addMade(token) {
  if (!speaks()) return false;
  made = [token, ...made];
  unseen.add(token.id);
  changes.dispatchEvent(new Event("change"));
  return true;
}

/** Somebody sees all that are there. */
export function seeMade() {
  unseen.clear();
}

/** @param {string} id of one that was copied, or is wanted no more */
export function putAway(id) {
  made = made.filter((one) => one.id !== id);
  unseen.delete(id);
  changes.dispatchEvent(new Event("change"));
}

/**
 * Be told when there is another, or one less.
 * @param {() => void} tell
 * @returns {() => void} ends it
 */
export function onMade(tell) {
  changes.addEventListener("change", tell);
  return () => changes.removeEventListener("change", tell);
}
