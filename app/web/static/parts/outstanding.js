import { html, useEffect, useState } from "../vendor/preact.js";
import { outboxOf } from "../work/outbox.js";

/**
 * How much is on its way and not yet confirmed.
 * @param {{owner: string}} props
 */
export function Outstanding({ owner }) {
  const outbox = outboxOf(owner);
  const [, show] = useState(0);
  useEffect(() => {
    const changed = () => show((before) => before + 1);
    const warn = (/** @type {BeforeUnloadEvent} */ event) => {
      if (outbox.waiting.length) event.preventDefault();
    };
    outbox.addEventListener("change", changed);
    // Whoever has signed in again goes on where they were.
    outbox.resume();
    addEventListener("beforeunload", warn);
    return () => {
      outbox.removeEventListener("change", changed);
      removeEventListener("beforeunload", warn);
    };
  }, [outbox]);
  const count = outbox.waiting.length;
  const saving = count === 1 ? "1 change on its way" : `${count} changes on their way`;
  return html`
    <span class=${`outstanding${outbox.trouble ? " stuck" : ""}`} role="status">
      ${count > 0 && (outbox.trouble ? `⚠ ${saving}: ${outbox.trouble}` : `${saving} …`)}
    </span>
  `;
}
