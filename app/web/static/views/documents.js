import { all, path } from "../api.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { link } from "../router.js";
import { html } from "../vendor/preact.js";

/** The documents of a project. @param {import("../main.js").ViewProps} props */
export function Documents({ project }) {
  const { value, error } = useLoaded((signal) => all(path`/v1/projects/${project}/documents`, { signal }), []);
  return html`
    <h1>Documents</h1>
    ${error && html`<${Trouble} error=${error} />`}
    <ul>
      ${value?.map((one) => html`<li><a href=${link(["projects", project, "documents", one.id])}>${one.title}</a></li>`)}
    </ul>
  `;
}
