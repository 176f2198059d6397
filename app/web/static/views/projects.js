import { all, send } from "../api.js";
import { announce } from "../parts/announce.js";
import { SLUG, fieldsOf, useForm } from "../parts/form.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { go, link, staying } from "../router.js";
import { html, useEffect } from "../vendor/preact.js";

/** @typedef {import("../types").Project} Project */

/** The projects that one may see. @param {import("../main.js").ViewProps} props */
export function Projects({ me }) {
  const { value, error, reload } = useLoaded(
    (signal) => /** @type {Promise<Project[]>} */ (all("/v1/projects", { signal })),
    [],
  );
  useEffect(() => {
    document.title = "Projects · Stet";
  }, []);
  /** @param {Project} project */
  const role = (project) =>
    me.memberships.find((one) => one.project === project.slug)?.role ?? (me.is_admin && "admin");
  return html`
    <h1>Projects</h1>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${
      value?.length === 0 &&
      html`
        <p>You are not a member of a project yet. A manager of one, or an admin, can add you.</p>
      `
    }
    <ul class="cards">
      ${value?.map(
        (project) => html`
          <li>
            <a href=${link(["projects", project.slug])}>
              <strong dir="auto">${project.name}</strong>
              <span dir="auto">${project.description}</span>
              <small>${[project.slug, role(project)].filter(Boolean).join(", ")}</small>
            </a>
          </li>
        `,
      )}
    </ul>
    ${me.is_admin && html`<${Make} me=${me.name} onMade=${reload} />`}
  `;
}

/**
 * For admins: another project, and the way to the users.
 * @param {{me: string, onMade: () => void}} props `onMade` is told of one that leads nowhere
 */
function Make({ me, onMade }) {
  const { busy, refusal, isBack, form } = useForm(me, "project", async (form, isAsSent) => {
    const isThere = staying(form);
    const { slug = "", name, description } = fieldsOf(form);
    const body = { slug, name, description: description || null };
    await send("POST", "/v1/projects", { body });
    if (isThere() && isAsSent()) {
      go(link(["projects", slug, "manage"]));
      return;
    }
    // Who has gone elsewhere meanwhile, or typed on, stays there.
    announce(`The project ${slug} is made.`);
    onMade();
  });
  return html`
    <p><a href="#/users">Users</a></p>
    <details class="panel narrow" open=${isBack}>
      <summary>Make a project</summary>
      <form ...${form}>
        <label>Name <input name="name" required maxlength="1000" dir="auto" /></label>
        <label>
          Slug
          <input
            name="slug"
            required
            ...${SLUG}
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-describedby="slug-form"
          />
        </label>
        <p>
          <small id="slug-form">
            Its name in addresses, for good: lower-case letters, digits and hyphens.
          </small>
        </p>
        <label>
          Description <textarea name="description" maxlength="10000" dir="auto"></textarea>
        </label>
        ${refusal && html`<${Trouble} error=${refusal} />`}
        <button type="submit" class="main" disabled=${busy}>Make it</button>
      </form>
    </details>
  `;
}
