import { html, useLayoutEffect, useRef } from "../vendor/preact.js";

/**
 * Return the focus to what had it or, if that is gone or was nothing, to the view: once all that goes
 * from the page now has gone, and before the next key.
 * @param {Element | null} before
 */
export function giveBack(before) {
  const isLost = () => document.activeElement === document.body;
  queueMicrotask(() => {
    if (isLost() && before instanceof HTMLElement) before.focus({ preventScroll: true });
    if (isLost()) document.querySelector("main")?.focus({ preventScroll: true });
  });
}

/**
 * A dialog over the page. The focus goes into it, stays in it, and returns to where it was.
 * @param {{title: string, onClose: () => void, children?: unknown}} props
 */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  // Before the next key, which is meant for it and not for what lies below.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      shown?.close();
      giveBack(before);
    };
  }, []);
  return html`
    <dialog
      ref=${dialog}
      aria-label=${title}
      onCancel=${(/** @type {Event} */ event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2>${title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick=${onClose}>✕</button>
      </header>
      ${children}
    </dialog>
  `;
}
