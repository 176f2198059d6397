/**
 * Tokens that were made in this page. The API tells each once: here they stand, in memory alone,
 * until they are put away or the page is loaded again, whichever view is open when one comes.
 */

/** @typedef {import("../types").Token & {token: string}} MadeToken */

/** @type {MadeToken[]} */
let made = [];
/** Those that nobody has seen yet. @type {Set<string>} */
const unseen = new Set();
const changes = new EventTarget();

addEventListener("beforeunload", (event) => {
  if (unseen.size) event.preventDefault();
});

/** @returns {readonly MadeToken[]} the last one first */
export const madeTokens = () => made;

/** @param {MadeToken} token */
export function addMade(token) {
  made = [token, ...made];
  unseen.add(token.id);
  changes.dispatchEvent(new Event("change"));
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
