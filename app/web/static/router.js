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

/** @param {string} address a link */
export function go(address) {
  location.hash = address;
}

/**
 * Change the query of where one is, without another entry in the browser's history.
 * @param {Record<string, string>} query
 */
export function refine(query) {
  history.replaceState(null, "", link(place().parts, query));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
