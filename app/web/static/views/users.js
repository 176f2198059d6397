import { Refused, all, send } from "../api.js";
import { announce } from "../parts/announce.js";
import { USER_NAME, fieldsOf, useForm } from "../parts/form.js";
import { useLoaded } from "../parts/loaded.js";
import { Moment } from "../parts/moment.js";
import { Trouble } from "../parts/trouble.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { ChangeUser } from "./users/change.js";

/** @typedef {import("../types").User} User */

/** Everybody who may sign in, for admins. @param {import("../main.js").ViewProps} props */
export function Users({ me }) {
  const { value, error, reload, set } = useLoaded(
    (signal) => /** @type {Promise<User[]>} */ (all("/v1/users", { signal })),
    [],
  );
  const [changing, setChanging] = useState(/** @type {User | null} */ (null));
  useEffect(() => {
    document.title = "Users · Stet";
  }, []);
  const { busy, refusal, form } = useForm(me.name, "user", async (form) => {
    const { name, display_name, is_admin } = fieldsOf(form);
    // White space at a password's ends is a part of it.
    const password = String(new FormData(form).get("password"));
    const body = {
      name,
      display_name: display_name || null,
      password: password || null,
      is_admin: is_admin === "on",
    };
    await send("POST", "/v1/users", { body });
    announce(`${name} is added.`);
    reload();
  });
  const show = (/** @type {User} */ user) =>
    set((all) => all.map((one) => (one.name === user.name ? user : one)));
  const changed = (/** @type {User} */ user) => {
    show(user);
    announce(`${user.name} is changed.`);
  };
  return html`
    <h1>Users</h1>
    ${
      error &&
      (error instanceof Refused && error.status === 403
        ? html`<p>Only admins see who may sign in.</p>`
        : html`<${Trouble} error=${error} again=${reload} />`)
    }
    ${
      value &&
      html`
        <${Table} me=${me.name} users=${value} onChange=${setChanging} />
        <form class="panel narrow" ...${form}>
          <h2>Add a user</h2>
          <label>
            User name
            <input
              name="name"
              required
              ...${USER_NAME}
              autocomplete="off"
              autocapitalize="none"
              spellcheck="false"
              aria-describedby="name-form"
            />
          </label>
          <p>
            <small id="name-form">
              To sign in with, for good: lower-case letters, digits, dots, hyphens and underscores.
            </small>
          </p>
          <label>Name as it is shown <input name="display_name" autocomplete="off" dir="auto" /></label>
          <label>
            Password
            <input
              name="password"
              type="password"
              minlength="12"
              autocomplete="new-password"
              aria-describedby="password-form"
            />
          </label>
          <p>
            <small id="password-form">
              At least 12 characters. Without one, the user can only use tokens.
            </small>
          </p>
          <label class="check"><input type="checkbox" name="is_admin" /> An admin</label>
          ${refusal && html`<${Trouble} error=${refusal} />`}
          <button type="submit" class="main" disabled=${busy}>Add</button>
        </form>
      `
    }
    ${
      changing &&
      html`
        <${ChangeUser}
          user=${changing}
          onChanged=${changed}
          onMoved=${show}
          onClose=${() => setChanging(null)}
        />
      `
    }
  `;
}

/** @param {{me: string, users: User[], onChange: (user: User) => void}} props */
function Table({ me, users, onChange }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Users">
      <table>
        <thead>
          <tr>
            <th scope="col">User name</th>
            <th scope="col">Shown as</th>
            <th scope="col">State</th>
            <th scope="col">Since</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${users.map(
            (user) => html`
              <tr key=${user.name}>
                <th scope="row">${user.name}</th>
                <td dir="auto">${user.display_name}</td>
                <td>${user.is_active ? "active" : "✕ deactivated"}${user.is_admin && ", admin"}</td>
                <td><${Moment} at=${user.created_at} /></td>
                <td class="acts">
                  ${
                    user.name !== me &&
                    html`
                      <button
                        type="button"
                        class="quiet"
                        aria-label=${`Change ${user.name}`}
                        onClick=${() => onChange(user)}
                      >
                        Change
                      </button>
                    `
                  }
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
