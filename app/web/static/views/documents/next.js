import { get, path, query } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { atLeast } from "../../parts/roles.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */
/** @typedef {import("../../types").Page<DocumentItem>} Found */

/**
 * The document that waits longest to be annotated, and for reviewers the one that waits longest to
 * be reviewed.
 * @param {{project: string, role: import("../../types").Role}} props
 */
export function NextOne({ project, role }) {
  const documents = path`/v1/projects/${project}/documents`;
  const { value } = useLoaded(async (signal) => {
    /** @param {Record<string, string>} asks */
    const oldest = async (asks) => {
      const address = documents + query({ ...asks, order: "oldest", limit: 1 });
      return /** @type {Found} */ (await get(address, { signal })).items[0];
    };
    const [annotate, review] = await Promise.all([
      oldest({ annotated: "false" }),
      atLeast(role, "reviewer") ? oldest({ has_status: "pending" }) : undefined,
    ]);
    return { annotate, review };
  }, [project]);
  if (!value?.annotate && !value?.review) return null;
  return html`
    <p class="next-waiting">
      <span>Next one waiting</span>
      ${
        value.annotate &&
        html`<${To} project=${project} verb="to annotate" item=${value.annotate} />`
      }
      ${value.review && html`<${To} project=${project} verb="to review" item=${value.review} />`}
    </p>
  `;
}

/** @param {{project: string, verb: string, item: DocumentItem}} props */
function To({ project, verb, item }) {
  return html`
    <a href=${link(["projects", project, "documents", item.id])}>
      <b>${verb}</b> <bdi>${item.title}</bdi>
    </a>
  `;
}
