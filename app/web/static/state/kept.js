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

const USER = "stet.user";

/**
 * Who has signed in, in whichever page of this browser: all share one session.
 * @param {string} name empty while somebody is asked who they are
 */
export function nowSpeaks(name) {
  keep(USER, name);
}

/** Who has signed in last; null where the browser does not tell. */
export function speaker() {
  return recall(USER);
}

/**
 * Whether what is sent now is sent as this user.
 * @param {string} name
 */
export function speaksFor(name) {
  return (speaker() ?? name) === name;
}

/**
 * Be told when somebody signs in or out in another page of this browser.
 * @param {() => void} tell
 * @returns {() => void} ends it
 */
export function onSpeaker(tell) {
  const changed = (/** @type {StorageEvent} */ { key }) => {
    if (key === USER || key === null) tell();
  };
  addEventListener("storage", changed);
  return () => removeEventListener("storage", changed);
}

/** A name for this page that a reload keeps and that no other page has. */
export function pageName() {
  try {
    const name = sessionStorage.getItem("stet.page") ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
    sessionStorage.setItem("stet.page", name);
    return name;
  } catch {
    return "only";
  }
}
