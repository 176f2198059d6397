import { Unreachable, all, path, send, speaks } from "../api.js";
import { announce } from "../parts/announce.js";
import { Confirm } from "../parts/confirm.js";
import { fieldsOf, useForm } from "../parts/form.js";
import { useLoaded } from "../parts/loaded.js";
import { Moment } from "../parts/moment.js";
import { ROLES } from "../parts/roles.js";
import { Trouble } from "../parts/trouble.js";
import { staying } from "../router.js";
import { addMade, madeTokens, onMade, putAway, seeMade } from "../state/made_tokens.js";
import { html, useEffect, useLayoutEffect, useState } from "../vendor/preact.js";

/** @typedef {import("../types").Token} Token */
/** @typedef {import("../state/made_tokens.js").MadeToken} MadeToken */

/** Those that were made in this page, as long as they can be seen. */
function useMade() {
  const [made, setMade] = useState(madeTokens);
  useLayoutEffect(() => {
    const show = () => setMade(madeTokens());
    show();
    return onMade(show);
  }, []);
  useEffect(seeMade, [made]);
  return made;
}

/**
 * One's own tokens, for programs that act as oneself.
 * @param {import("../main.js").ViewProps} props
 */
export function Tokens({ me }) {
  const { value, error, reload } = useLoaded(
    (signal) => /** @type {Promise<Token[]>} */ (all("/v1/tokens", { signal })),
    [],
  );
  const made = useMade();
  useEffect(() => {
    // Also one that was asked for before one left and came back.
    if (made.length) reload();
  }, [made]);
  const [revoking, setRevoking] = useState(/** @type {Token | null} */ (null));
  useEffect(() => {
    document.title = "Tokens · Stet";
  }, []);
  const { busy, refusal, form } = useForm(me.name, "token", async (form) => {
    const isThere = staying(form);
    const { name, role, project, expires } = fieldsOf(form);
    const body = {
      name,
      role: role || null,
      project: project || null,
      expires_at: expires ? endOf(expires) : null,
    };
    let isKept = false;
    try {
      isKept = addMade(await send("POST", "/v1/tokens", { body }));
    } catch (failure) {
      if (!(failure instanceof Unreachable) || !speaks()) throw failure;
      // It may be in the list, for nobody to use.
      reload();
      throw new Error(
        `${failure.message} ${name} may be made all the same, and nobody sees it: ` +
          "if it is in the list, revoke it.",
      );
    }
    if (isKept && !isThere()) {
      announce(`The token ${name} is made. It waits under Tokens until this page is loaded again.`);
    }
  });
  const revoke = async (/** @type {Token} */ token) => {
    await send("DELETE", path`/v1/tokens/${token.id}`, { version: token.version });
    announce(`${token.name} is revoked.`);
    putAway(token.id);
    reload();
  };
  return html`
    <h1>Tokens</h1>
    <p>A program that shows a token may do what you may, or less if the token says so.</p>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    <div role="status">${made.map((token) => html`<${Made} key=${token.id} token=${token} />`)}</div>
    ${value?.length === 0 && html`<p>You have none.</p>`}
    ${value && value.length > 0 && html`<${Table} tokens=${value} onRevoke=${setRevoking} />`}
    <form class="panel narrow" ...${form}>
      <h2>Make a token</h2>
      <label>
        Name
        <input name="name" required maxlength="1000" autocomplete="off" placeholder="nightly pull" />
      </label>
      <div class="form-columns">
        <label>
          Role at most
          <select name="role">
            <option value="" defaultSelected>mine</option>
            ${ROLES.map((role) => html`<option value=${role}>${role}</option>`)}
          </select>
        </label>
        <label>
          Project
          <select name="project">
            <option value="" defaultSelected>all of mine</option>
            ${me.memberships.map(
              ({ project }) => html`<option value=${project}>${project}</option>`,
            )}
          </select>
        </label>
        <label>
          Valid until the end of
          <input name="expires" type="date" aria-describedby="without-end" />
        </label>
      </div>
      <p><small id="without-end">Without a date, it is valid until it is revoked.</small></p>
      ${refusal && html`<${Trouble} error=${refusal} />`}
      <button type="submit" class="main" disabled=${busy}>Make it</button>
    </form>
    <${Password} me=${me.name} />
    ${
      revoking &&
      html`
        <${Confirm}
          title="Revoke a token"
          verb="Revoke"
          act=${() => revoke(revoking)}
          onClose=${() => setRevoking(null)}
        >
          <p><b>${revoking.name}</b>. Programs that show it are refused from now on, for good.</p>
        <//>
      `
    }
  `;
}

/** Another password of one's own. @param {{me: string}} props */
function Password({ me }) {
  const { busy, refusal, form } = useForm(me, "password", async (form) => {
    // White space at a password's ends is a part of it.
    const body = Object.fromEntries(new FormData(form));
    await send("POST", "/v1/me/password", { body });
    announce("Your password is changed.");
  });
  return html`
    <form class="panel narrow" ...${form}>
      <h2>Change your password</h2>
      <label>
        Current password
        <input name="current_password" type="password" required autocomplete="current-password" />
      </label>
      <label>
        New password
        <input
          name="password"
          type="password"
          required
          minlength="12"
          autocomplete="new-password"
          aria-describedby="password-form"
        />
      </label>
      <p>
        <small id="password-form">
          At least 12 characters. You are signed out everywhere else; tokens stay.
        </small>
      </p>
      ${refusal && html`<${Trouble} error=${refusal} />`}
      <button type="submit" disabled=${busy}>Change it</button>
    </form>
  `;
}

/** The end of a day, where one is. @param {string} day */
function endOf(day) {
  const end = new Date(`${day}T00:00:00`);
  end.setDate(end.getDate() + 1);
  return end.toISOString();
}

/** A token while it can be seen. @param {{token: MadeToken}} props */
function Made({ token }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(token.token);
      setCopied(true);
    } catch {
      announce("The browser does not let the page copy. Select the token and copy it.");
    }
  };
  return html`
    <div class="panel">
      <p>
        <b dir="auto">${token.name}</b> is made. This is the one time that it is shown: until it is put
        away, or the page is loaded again.
      </p>
      <code class="secret">${token.token}</code>
      <div class="row">
        <button type="button" onClick=${copy}>${copied ? "✓ Copied" : "Copy"}</button>
        <button type="button" class="quiet" onClick=${() => putAway(token.id)}>Put it away</button>
      </div>
    </div>
  `;
}

/** @param {{tokens: Token[], onRevoke: (token: Token) => void}} props */
function Table({ tokens, onRevoke }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Tokens">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role at most</th>
            <th scope="col">Project</th>
            <th scope="col">Made</th>
            <th scope="col">Valid until</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${tokens.map(
            (token) => html`
              <tr key=${token.id}>
                <th scope="row" dir="auto">${token.name}</th>
                <td>${token.role ?? "mine"}</td>
                <td>${token.project ?? "all of mine"}</td>
                <td><${Moment} at=${token.created_at} /></td>
                <td>${token.expires_at ? html`<${Until} at=${token.expires_at} />` : "until it is revoked"}</td>
                <td class="acts">
                  <button
                    type="button"
                    class="quiet"
                    aria-label=${`Revoke ${token.name}`}
                    onClick=${() => onRevoke(token)}
                  >
                    Revoke
                  </button>
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{at: string}} props */
function Until({ at }) {
  const past = Date.parse(at) < Date.now();
  return html`<${Moment} at=${at} />${past && html` <b>(over)</b>`}`;
}
