import { Refused, get, path } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { link } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Orphan} Orphan */

// Each is asked for by itself.
const SHOWN = 5;

/**
 * What a new scheme would leave without a place: how many by what is wrong, and some of them.
 * @param {{project: string, orphans: Orphan[]}} props
 */
export function Orphans({ project, orphans }) {
  return html`
    <h4>What would be broken</h4>
    <ul class="orphans">
      ${orphans.map(
        (orphan) => html`
          <li>
            <b>${orphan.count} ${orphan.kind}${orphan.count === 1 ? "" : "s"}</b>: ${orphan.reason}
            ${orphan.count > Math.min(SHOWN, orphan.examples.length) && " Some of them:"}
            <ul>
              ${orphan.examples.slice(0, SHOWN).map(
                (id) => html`
                  <li><${Example} key=${id} project=${project} kind=${orphan.kind} id=${id} /></li>
                `,
              )}
            </ul>
          </li>
        `,
      )}
    </ul>
    <p>Edit or withdraw these first, or keep in the scheme what they use.</p>
  `;
}

/** @param {{project: string, kind: Orphan["kind"], id: string}} props */
function Example({ project, kind, id }) {
  const { value, error } = useLoaded(async (signal) => {
    const annotation = kind === "annotation";
    const found = await get(annotation ? path`/v1/annotations/${id}` : path`/v1/relations/${id}`, {
      signal,
    });
    return {
      document: /** @type {string} */ (found.document_id),
      annotation: /** @type {string} */ (annotation ? found.id : found.source),
      said: /** @type {string} */ (annotation ? `${found.label}: “${found.quote}”` : found.type),
    };
  }, []);
  if (error instanceof Refused) return html`${error.message}`;
  if (!value) return html`${id}`;
  const { document, annotation, said } = value;
  return html`
    <a dir="auto" href=${link(["projects", project, "documents", document], { annotation })}
      >${said}</a
    >
  `;
}
