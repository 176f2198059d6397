import { Refused, all, path, send } from "../../api.js";
import { membersChanged } from "../../live.js";
import { announce } from "../../parts/announce.js";
import { Confirm } from "../../parts/confirm.js";
import { fieldsOf, useForm, useSubmit } from "../../parts/form.js";
import { useLoaded } from "../../parts/loaded.js";
import { Moment } from "../../parts/moment.js";
import { ROLES } from "../../parts/roles.js";
import { Trouble, announceTrouble } from "../../parts/trouble.js";
import { staying } from "../../router.js";
import { html, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";

/** @typedef {import("../../types").Member} Member */
/**
 * Give a member another role. It is told what came of it, wherever one is by then: `isThere` says
 * whether one still looks at the member.
 * @typedef {(member: Member, role: string, isThere: () => boolean) => Promise<void>} Change
 */

/**
 * Who may do what in the project.
 * @param {{me: import("../../types").Me, project: string, manages: boolean}} props
 */
export function Members({ me, project, manages }) {
  const { value, error, reload, set } = useLoaded(
    (signal) =>
      /** @type {Promise<Member[]>} */ (all(path`/v1/projects/${project}/members`, { signal })),
    [],
  );
  const [unchanged, setUnchanged] = useState(/** @type {unknown} */ (null));
  const [removing, setRemoving] = useState(/** @type {Member | null} */ (null));
  // Shown as it was answered: until the list were loaded anew, the next change would be refused.
  const show = (/** @type {Member} */ next) =>
    set((all) => all.map((member) => (member.name === next.name ? next : member)));
  const tell = (/** @type {string} */ what) => {
    announce(what);
    // It may be oneself.
    membersChanged.dispatchEvent(new Event("changed"));
  };
  /** What is said of a failure; the newer state is shown beside it. @param {unknown} failure */
  const shown = (failure) => {
    const current = currentOf(failure);
    if (current) show(current);
    else reload();
    return current ? movedOf(current) : failure;
  };
  /** @param {string} name */
  const at = (name) => path`/v1/projects/${project}/members/${name}`;
  /** @type {Change} */
  const change = async ({ name, version }, role, isThere) => {
    setUnchanged(null);
    try {
      show(await send("PUT", at(name), { body: { role }, version }));
      tell(`${name} is ${role} now.`);
    } catch (failure) {
      const why = shown(failure);
      setUnchanged(why);
      if (!isThere()) announceTrouble(`The role of ${name} in ${project} is not changed`, why);
    }
  };
  const { busy, refusal, form } = useForm(me.name, `member of ${project}`, async (form) => {
    setUnchanged(null);
    const { name = "", role = "" } = fieldsOf(form);
    try {
      await send("PUT", at(name), { body: { role } });
    } catch (failure) {
      throw shown(failure);
    }
    reload();
    tell(`${name} is ${role} now.`);
  });
  const remove = async (/** @type {Member} */ member) => {
    await send("DELETE", at(member.name), { version: member.version });
    set((all) => all.filter(({ name }) => name !== member.name));
    tell(`${member.name} is not a member any more.`);
  };
  return html`
    <section>
      <h2>Members</h2>
      ${error && html`<${Trouble} error=${error} again=${reload} />`}
      ${(unchanged || refusal) && html`<${Trouble} error=${unchanged || refusal} />`}
      <div class="scroll" tabindex="0" role="region" aria-label="Members">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Role</th>
              <th scope="col">Since</th>
              ${manages && html`<td></td>`}
            </tr>
          </thead>
          <tbody>
            ${value?.map(
              (member) => html`
                <tr key=${member.name}>
                  <th scope="row">${member.name}</th>
                  <td>
                    ${
                      manages
                        ? html`<${RoleOf} member=${member} change=${change} />`
                        : member.role
                    }
                  </td>
                  <td><${Moment} at=${member.created_at} /></td>
                  ${
                    manages &&
                    html`
                      <td class="acts">
                        <button
                          type="button"
                          class="quiet"
                          aria-label=${`Remove ${member.name}`}
                          onClick=${() => setRemoving(member)}
                        >
                          Remove
                        </button>
                      </td>
                    `
                  }
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      ${
        manages &&
        html`
          <form class="inline-form" ...${form}>
            <h3>Add a member</h3>
            <label>
              User name
              <input
                name="name"
                required
                autocomplete="off"
                spellcheck="false"
                autocapitalize="none"
              />
            </label>
            <label>
              Role
              <select name="role">
                ${ROLES.map(
                  (role) => html`<option defaultSelected=${role === "annotator"}>${role}</option>`,
                )}
              </select>
            </label>
            <button type="submit" class="main" disabled=${busy}>Add</button>
          </form>
        `
      }
      <p><small>A role may do all that those before it may: ${ROLES.join(", ")}.</small></p>
    </section>
    ${
      removing &&
      html`
        <${Confirm}
          title="Remove a member"
          verb="Remove"
          act=${() => remove(removing)}
          onMoved=${(/** @type {Member} */ now) => {
            show(now);
            setRemoving(now);
          }}
          onClose=${() => setRemoving(null)}
        >
          <p><b>${removing.name}</b>, ${removing.role}. What they wrote stays, under their name.</p>
        <//>
      `
    }
  `;
}

/** What a member is now, who was changed meanwhile. @param {unknown} failure */
function currentOf(failure) {
  if (!(failure instanceof Refused) || failure.status !== 412) return undefined;
  return /** @type {Member | undefined} */ (/** @type {unknown} */ (failure.problem.current));
}

/** @param {Member} member */
function movedOf({ name, role }) {
  return new Error(`${name} was changed meanwhile, and is ${role} now. Nothing was written.`);
}

/**
 * A member's role, to be changed: by a button, for a list of choices changes with each arrow key.
 * @param {{member: Member, change: Change}} props
 */
function RoleOf({ member, change }) {
  const [role, setRole] = useState(member.role);
  const select = useRef(/** @type {HTMLSelectElement | null} */ (null));
  const sent = useRef(/** @type {typeof role | null} */ (null));
  // Before one can choose: by an effect after painting, what is chosen at once would be taken back.
  // What was chosen while another was on its way is not what was answered, and stands.
  useLayoutEffect(
    () => setRole((now) => (sent.current === null || sent.current === now ? member.role : now)),
    [member.version],
  );
  const { busy, submit } = useSubmit(async (form) => {
    // The button goes away once it is done, and the focus would with it.
    select.current?.focus();
    sent.current = role;
    await change(member, role, staying(form));
    sent.current = null;
  });
  return html`
    <form class="row" onSubmit=${submit}>
      <select
        ref=${select}
        aria-label=${`Role of ${member.name}`}
        value=${role}
        onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ { currentTarget }) =>
          setRole(/** @type {import("../../types").Role} */ (currentTarget.value))}
      >
        ${ROLES.map((one) => html`<option value=${one}>${one}</option>`)}
      </select>
      ${role !== member.role &&
      html`<button type="submit" class="main" disabled=${busy}>Change</button>`}
    </form>
  `;
}
