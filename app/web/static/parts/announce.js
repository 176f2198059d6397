import { html, useEffect, useState } from "../vendor/preact.js";

const spoken = new EventTarget();

/** How long a message stays, in milliseconds: for as long as it takes to read it slowly. */
const LEAST = 6000;
const PER_CHARACTER = 80;

/**
 * Tell people who listen to the page what happened, and show it briefly to all.
 * @param {string} message
 */
export function announce(message) {
  spoken.dispatchEvent(new CustomEvent("said", { detail: message }));
}

/**
 * Tell only people who listen to the page: others see it.
 * @param {string} message
 */
export function whisper(message) {
  spoken.dispatchEvent(new CustomEvent("whispered", { detail: message }));
}

/** Where announcements appear: one place in the page, there from the beginning. */
export function Announcements() {
  const [message, setMessage] = useState("");
  const [whispered, setWhispered] = useState("");
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let fading;
    const show = (/** @type {Event} */ event) => {
      const { detail: said } = /** @type {CustomEvent<string>} */ (event);
      setMessage(said);
      clearTimeout(fading);
      fading = setTimeout(() => setMessage(""), Math.max(LEAST, said.length * PER_CHARACTER));
    };
    const hear = (/** @type {Event} */ event) =>
      setWhispered(/** @type {CustomEvent<string>} */ (event).detail);
    spoken.addEventListener("said", show);
    spoken.addEventListener("whispered", hear);
    return () => {
      spoken.removeEventListener("said", show);
      spoken.removeEventListener("whispered", hear);
    };
  }, []);
  return html`
    <div class=${`announcement${message && " shown"}`} role="status">${message}</div>
    <div class="unseen whispered" aria-live="polite">${whispered}</div>
  `;
}
