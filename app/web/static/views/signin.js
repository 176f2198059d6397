import { Refused, send } from "../api.js";
import { giveBack } from "../parts/dialog.js";
import { useSubmit } from "../parts/form.js";
import { html, useEffect, useLayoutEffect, useRef } from "../vendor/preact.js";
import { nowSpeaks } from "../state/kept.js";

/** @typedef {import("../types").Me} Me */

/**
 * Signing in by a form that has a name and a password.
 * @param {(me: Me) => void} onSignedIn
 */
function useSigningIn(onSignedIn) {
  const { busy, refusal, submit } = useSubmit(async (form) => {
    const given = new FormData(form);
    const body = { username: given.get("username"), password: given.get("password") };
    onSignedIn(await send("POST", "/v1/session", { body }));
  });
  const isBlank = refusal instanceof Refused && refusal.status === 422;
  const said = /** @type {Error | null} */ (refusal)?.message ?? "";
  return { busy, trouble: isBlank ? "Give a name and a password." : said, submit };
}

/** @param {{onSignedIn: (me: Me) => void}} props */
export function SignIn({ onSignedIn }) {
  const { busy, trouble, submit } = useSigningIn(onSignedIn);
  // Until somebody has said who they are, nothing is sent as anybody.
  useEffect(() => nowSpeaks(""), []);
  return html`
    <form class="sign-in" onSubmit=${submit}>
      <h1>Stet</h1>
      <label>Name <input name="username" autocomplete="username" required autofocus /></label>
      <label>
        Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
      <button type="submit" class="main" disabled=${busy}>Sign in</button>
    </form>
  `;
}

/**
 * Over the page, when the session has ended: the same user goes on where they were. Somebody else
 * signs in on a page of their own, so that nothing of the one is sent or shown as the other's.
 * @param {{name: string, onSignedIn: (me: Me) => void, onLeft: () => void}} props
 */
export function SignInAgain({ name, onSignedIn, onLeft }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const { busy, trouble, submit } = useSigningIn(onSignedIn);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    // Escape, let through, would close the dialogs below with this one, and lose what they hold.
    const stay = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") event.preventDefault();
    };
    // By another gesture a browser closes a dialog at the second time, whatever it was told before.
    const reopen = () => shown?.showModal();
    addEventListener("keydown", stay, { capture: true });
    shown?.addEventListener("close", reopen);
    shown?.showModal();
    return () => {
      removeEventListener("keydown", stay, { capture: true });
      shown?.removeEventListener("close", reopen);
      shown?.close();
      giveBack(before);
    };
  }, []);
  return html`
    <dialog
      ref=${dialog}
      class="sign-in-again"
      aria-labelledby="session-ended"
      onCancel=${(/** @type {Event} */ event) => event.preventDefault()}
    >
      <form onSubmit=${submit}>
        <h2 id="session-ended">Your session has ended</h2>
        <p>Sign in again to go on. What you see and what you typed stays as it is.</p>
        <label>
          Name <input name="username" autocomplete="username" value=${name} readonly />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            autofocus
          />
        </label>
        ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
        <div class="row">
          <button type="submit" class="main" disabled=${busy}>Sign in</button>
          <button type="button" class="quiet" onClick=${onLeft}>Leave: what was typed waits in this tab</button>
        </div>
      </form>
    </dialog>
  `;
}
