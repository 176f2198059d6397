import { html, useEffect, useState } from "../vendor/preact.js";

const spoken = new EventTarget();

/**
 * Tell people who listen to the page what happened, and show it briefly to all.
 * @param {string} message
 */
export function announce(message) {
  spoken.dispatchEvent(new CustomEvent("said", { detail: message }));
}

/** Where announcements appear: one place in the page, there from the beginning. */
export function Announcements() {
  const [message, setMessage] = useState("");
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let fading;
    const show = (/** @type {Event} */ event) => {
      setMessage(/** @type {CustomEvent<string>} */ (event).detail);
      clearTimeout(fading);
      fading = setTimeout(() => setMessage(""), 6000);
    };
    spoken.addEventListener("said", show);
    return () => spoken.removeEventListener("said", show);
  }, []);
  return html`<div class=${`announcement${message && " shown"}`} role="status">${message}</div>`;
}
