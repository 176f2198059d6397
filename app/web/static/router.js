/** Which view is shown, by the address behind the `#`: a server needs to know nothing of it. */

/**
 * @typedef {object} Place
 * @property {string[]} parts of the path, decoded: `#/projects/demo` is `["projects", "demo"]`
 * @property {URLSearchParams} query
 */

/** @returns {Place} */
export function place() {
  const [address = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const parts = address.split("/").filter(Boolean).map(decoded);
  return { parts, query: new URLSearchParams(query) };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * The link to a place.
 * @param {string[]} parts
 * @param {Record<string, string>} [query]
 */
export function link(parts, query = {}) {
  const said = new URLSearchParams(query).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${said && `?${said}`}`;
}

/**
 * Whether a part of an address can be an id.
 * @param {string} part
 */
export function isId(part) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(part);
}

/**
 * Be able to tell later whether one has stayed: what one looked at is there still, and the address is
 * that of its view. A view that is left stays until the next one is loaded; the address does not.
 * @param {Element} shown
 * @returns {() => boolean}
 */
export function staying(shown) {
  const view = () => place().parts.join("/");
  const from = view();
  return () => shown.isConnected && view() === from;
}

/** @param {string} address a link */
export function go(address) {
  location.hash = address;
}

/**
 * Change the query of where one is, without another entry in the browser's history.
 * @param {Record<string, string>} query
 */
export function refine(query) {
  replace(history.state, link(place().parts, query));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/**
 * How far one has come in a view: kept with the entry of the browser's history, so that a reload or
 * going back finds it again. A link leads to a new entry, with nothing.
 * @typedef {object} Kept
 * @property {{offset: number, height: number} | null} [line] the first line of a text that is on the
 *   screen: its offset, and how far it is from the window's top, in pixels; null at the page's top
 * @property {number} [top] how far the page is scrolled, in pixels
 * @property {{of: string, count: number}} [list] how much of which list is shown
 * @property {string} [held] what of a queue one looks at
 */

/** @returns {Kept} */
export function kept() {
  return history.state ?? {};
}

/** @param {Kept} more */
export function keepPlace(more) {
  replace({ ...history.state, ...more }, location.hash);
}

/** @param {Kept} state @param {string} address */
function replace(state, address) {
  try {
    history.replaceState(state, "", address);
  } catch {
    // Asked too often within a few seconds, some browsers refuse: the next time will do.
  }
}
