import { all } from "../api.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { link } from "../router.js";
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
    ${value?.length === 0 && html`<p>You are not a member of a project yet. A manager of one, or an admin, can add you.</p>`}
    <ul class="cards">
      ${value?.map(
        (project) => html`
          <li>
            <a href=${link(["projects", project.slug])}>
              <strong>${project.name}</strong>
              <span>${project.description}</span>
              <small>${project.slug}, ${role(project)}</small>
            </a>
          </li>
        `,
      )}
    </ul>
  `;
}
