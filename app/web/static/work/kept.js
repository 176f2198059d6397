/**
 * What this browser keeps for the page. It may keep nothing, for want of room or by its owner's
 * wish; the page then goes on without.
 */

/**
 * @param {string} name
 * @returns {string | null}
 */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value null for nothing any more
 * @returns {boolean} whether it is kept
 */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

/**
 * The names under which something is kept that begin so.
 * @param {string} beginning
 */
export function names(beginning) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(beginning));
  } catch {
    return [];
  }
}
