import { Refused, send } from "../api.js";
import { html, useState } from "../vendor/preact.js";

/** @typedef {import("../types").Me} Me */

/** @param {{onSignedIn: (me: Me) => void}} props */
export function SignIn({ onSignedIn }) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const submit = async (/** @type {SubmitEvent & {currentTarget: HTMLFormElement}} */ event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    setTrouble("");
    try {
      const body = { username: given.get("username"), password: given.get("password") };
      onSignedIn(await send("POST", "/v1/session", { body }));
    } catch (error) {
      const wrong = error instanceof Refused && error.status === 422;
      setTrouble(wrong ? "Give a name and a password." : /** @type {Error} */ (error).message);
      setBusy(false);
    }
  };
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
