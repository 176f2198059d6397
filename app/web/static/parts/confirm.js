import { Refused } from "../api.js";
import { staying } from "../router.js";
import { html, useState } from "../vendor/preact.js";
import { Dialog } from "./dialog.js";
import { Trouble, announceTrouble } from "./trouble.js";

/**
 * Asks before something is done that cannot be undone. What is refused is said, and the question
 * stays; what has changed meanwhile is told to `onMoved`, to be asked about as it is now.
 * @param {{
 *   title: string, verb: string, act: () => Promise<void>, onClose: () => void,
 *   onMoved?: (current: any) => void, children?: unknown,
 * }} props
 */
export function Confirm({ title, verb, act, onClose, onMoved, children }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const go = async (/** @type {{currentTarget: HTMLButtonElement}} */ { currentTarget: button }) => {
    const isThere = staying(button);
    setBusy(true);
    setError(null);
    try {
      await act();
      // It may be shut by now, and another question be open in its place.
      if (button.isConnected) onClose();
    } catch (refusal) {
      if (!isThere()) announceTrouble(verb, refusal);
      // Nor is it asked about again, in the place of another question.
      if (!button.isConnected) return;
      setError(refusal);
      setBusy(false);
      const moved = refusal instanceof Refused && refusal.status === 412;
      if (moved && refusal.problem.current) onMoved?.(refusal.problem.current);
    }
  };
  const moved = error instanceof Refused && error.status === 412;
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      ${moved && html`<p><strong>It was changed meanwhile.</strong> This is how it is now:</p>`}
      ${children}
      ${error && html`<${Trouble} error=${error} />`}
      <div class="row">
        <button type="button" class="danger" disabled=${busy} onClick=${go}>${verb}</button>
        <button type="button" onClick=${onClose}>Cancel</button>
      </div>
    <//>
  `;
}
