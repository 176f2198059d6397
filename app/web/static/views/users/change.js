import { Refused, path, send } from "../../api.js";
import { Dialog } from "../../parts/dialog.js";
import { allSaid, fieldsOf, useSubmit } from "../../parts/form.js";
import { Trouble } from "../../parts/trouble.js";
import { same } from "../../state/same.js";
import { html, useState } from "../../vendor/preact.js";

/** @typedef {import("../../types").User} User */

/**
 * What the form asks for of a user, and nothing that is so already.
 * @param {HTMLFormElement} form
 * @param {User} user
 */
function wanted(form, user) {
  const { display_name, is_admin, is_active, revoke_tokens } = fieldsOf(form);
  /** @type {Record<string, unknown>} */
  const body = {
    display_name: display_name || null,
    is_admin: is_admin === "on",
    is_active: is_active === "on",
  };
  const differs = Object.entries(body).filter(
    ([field, value]) => user[/** @type {keyof User} */ (field)] !== value,
  );
  // White space at a password's ends is a part of it.
  const password = String(new FormData(form).get("password"));
  return {
    ...Object.fromEntries(differs),
    ...(password && { password }),
    ...(revoke_tokens && { revoke_tokens: true }),
  };
}

/**
 * Another user as an admin changes them: all at once, against the version that is shown. What
 * somebody else has changed meanwhile is told, here and to `onMoved`; what one has touched oneself
 * stands over it, and over what was saved if it was touched since that was sent.
 * @param {{
 *   user: User, onChanged: (user: User) => void, onMoved: (now: User) => void, onClose: () => void,
 * }} props
 */
export function ChangeUser({ user, onChanged, onMoved, onClose }) {
  // Once somebody else has changed them, or oneself, who they are now.
  const [newer, setNewer] = useState(/** @type {{by: "others" | "me", now: User} | null} */ (null));
  const current = newer?.now ?? user;
  const { name, version } = current;
  const { busy, refusal, submit } = useSubmit(async (form) => {
    const body = wanted(form, current);
    if (!Object.keys(body).length) throw new Error("Nothing to change.");
    const sent = allSaid(form);
    /** @type {User} */
    let saved;
    try {
      saved = await send("PATCH", path`/v1/users/${name}`, { body, version });
      onChanged(saved);
    } catch (failure) {
      const stale = failure instanceof Refused && failure.status === 412;
      const now = /** @type {User | undefined} */ (stale && /** @type {unknown} */ (failure.problem.current));
      if (now) {
        setNewer({ by: "others", now });
        onMoved(now);
      }
      throw failure;
    }
    // It may be shut by now, and the one of another user open.
    if (!form.isConnected) return;
    if (same(allSaid(form), sent)) {
      onClose();
      return;
    }
    setNewer({ by: "me", now: saved });
    // These are asked for, and not what the user is: once done, they are not asked for again.
    const { password, revoking } = askedIn(form);
    if (password.value === body.password) password.value = "";
    if (body.revoke_tokens) revoking.checked = false;
  });
  return html`
    <${Dialog} title=${`Change ${name}`} onClose=${onClose}>
      ${newer && (newer.by === "me" ? html`<${Saved} />` : html`<${Now} user=${newer.now} />`)}
      <form onSubmit=${submit}>
        <label>
          Name as it is shown
          <input
            name="display_name"
            autocomplete="off"
            dir="auto"
            defaultValue=${current.display_name ?? ""}
          />
        </label>
        <label>
          New password
          <input
            name="password"
            type="password"
            minlength="12"
            autocomplete="new-password"
            aria-describedby="new-password-form"
          />
        </label>
        <p>
          <small id="new-password-form">
            At least 12 characters; their browser sessions end. Left empty, it stays as it is.
          </small>
        </p>
        <label class="check">
          <input type="checkbox" name="is_admin" defaultChecked=${current.is_admin} /> An admin
        </label>
        <label class="check">
          <input
            type="checkbox"
            name="is_active"
            defaultChecked=${current.is_active}
            aria-describedby="active-means"
          />
          Active
        </label>
        <p>
          <small id="active-means">
            Who is not active cannot sign in, nor can their tokens. What they wrote keeps their name.
          </small>
        </p>
        <label class="check">
          <input type="checkbox" name="revoke_tokens" /> Revoke all their tokens, for good, and end
          their browser sessions
        </label>
        ${refusal && html`<${Trouble} error=${refusal} />`}
        <div class="row">
          <button type="submit" class="main" disabled=${busy}>Save</button>
          <button type="button" onClick=${onClose}>Cancel</button>
        </div>
      </form>
    <//>
  `;
}

/**
 * The fields that ask for something to be done.
 * @param {HTMLFormElement} form
 */
function askedIn(form) {
  const password = form.elements.namedItem("password");
  const revoking = form.elements.namedItem("revoke_tokens");
  return {
    password: /** @type {HTMLInputElement} */ (password),
    revoking: /** @type {HTMLInputElement} */ (revoking),
  };
}

function Saved() {
  return html`
    <p role="status">
      <strong>It is saved as it was sent.</strong> What you changed since is not saved yet.
    </p>
  `;
}

/** @param {{user: User}} props */
function Now({ user }) {
  return html`
    <p>
      <strong>It was changed meanwhile.</strong> It is now: shown as
      “<bdi>${user.display_name ?? ""}</bdi>”, ${user.is_admin ? "an admin" : "no admin"} and${" "}
      ${user.is_active ? "active" : "not active"}. What stands in the fields is not saved yet.
    </p>
  `;
}
