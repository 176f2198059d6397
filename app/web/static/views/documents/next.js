import { get, path, query } from "../../api.js";
import { aside, offerAgain, waitingFor } from "../../state/waiting.js";
import { useLoaded } from "../../parts/loaded.js";
import { atLeast } from "../../parts/roles.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */
/** @typedef {import("../../types").Page<DocumentItem>} Found */

/**
 * The document that waits longest to be annotated by oneself, and for reviewers the one that waits
 * longest to be reviewed.
 * @param {{project: string, role: import("../../types").Role, me: string}} props
 */
export function NextOne({ project, role, me }) {
  const documents = path`/v1/projects/${project}/documents`;
  const { value, reload } = useLoaded(async (signal) => {
    const pending = query({ has_status: "pending", order: "oldest", limit: 1 });
    const [annotate, found] = await Promise.all([
      waitingFor(project, me, { signal }),
      atLeast(role, "reviewer") ? get(documents + pending, { signal }) : undefined,
    ]);
    return { annotate, review: /** @type {Found | undefined} */ (found)?.items[0] };
  }, [project, role]);
  const left = aside(project, me).length;
  if (!value?.annotate && !value?.review && !left) return null;
  const again = () => {
    offerAgain(project, me);
    reload();
  };
  return html`
    <p class="next-waiting">
      <span>Next one waiting</span>
      ${
        value?.annotate &&
        html`<${To} project=${project} verb="to annotate" item=${value.annotate} />`
      }
      ${value?.review && html`<${To} project=${project} verb="to review" item=${value.review} />`}
      ${
        left > 0 &&
        html`<button type="button" class="quiet" onClick=${again}>Offer ${left} set aside again</button>`
      }
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
