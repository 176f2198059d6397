import { explain } from "../api.js";
import { html, useLayoutEffect, useState } from "../vendor/preact.js";
import { outboxOf } from "../state/outbox.js";
import { wantedBy } from "../state/write.js";
import { Dialog } from "./dialog.js";

/** @param {number} count */
const changes = (count) => (count === 1 ? "1 change" : `${count} changes`);

/**
 * How much is on its way and not yet confirmed, and what was refused.
 * @param {{owner: string}} props
 */
export function Outstanding({ owner }) {
  const outbox = outboxOf(owner);
  const [, show] = useState(0);
  const [open, setOpen] = useState(false);
  // Before anything is told: what was left by another page is taken over at any time.
  useLayoutEffect(() => {
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
  const { waiting, refused, trouble, isKept } = outbox;
  const saving = `${changes(waiting.length)} on ${waiting.length === 1 ? "its" : "their"} way`;
  return html`
    <span class=${`outstanding${trouble ? " stuck" : ""}`} role="status">
      ${waiting.length > 0 && (trouble ? `⚠ ${saving}: ${trouble}` : `${saving} …`)}
      ${waiting.length > 0 && !isKept && " This browser keeps nothing: leave the page open."}
    </span>
    ${refused.length > 0 &&
    html`<button type="button" class="danger" onClick=${() => setOpen(true)}>
      ⚠ ${changes(refused.length)} refused
    </button>`}
    ${open && html`<${Refused} outbox=${outbox} onClose=${() => setOpen(false)} />`}
  `;
}

/**
 * Everything that was refused, in whichever view it was wanted.
 * @param {{outbox: import("../state/outbox.js").Outbox, onClose: () => void}} props
 */
function Refused({ outbox, onClose }) {
  return html`
    <${Dialog} title="Refused" onClose=${onClose}>
      ${outbox.refused.length === 0 && html`<p>Nothing is left.</p>`}
      ${outbox.refused.map(
        (refusal) => html`
          <section key=${refusal.write.key}>
            <h3>${refusal.write.does}</h3>
            <p>${explain(refusal.problem)}</p>
            <details>
              <summary>What was wanted</summary>
              <pre dir="auto">${JSON.stringify(wantedBy(refusal), null, 1)}</pre>
            </details>
            <div class="row">
              <button type="button" onClick=${() => outbox.again(refusal)}>Try again</button>
              <button type="button" onClick=${() => outbox.forget(refusal)}>Give it up</button>
            </div>
          </section>
        `,
      )}
    <//>
  `;
}
