import { all, get, path, query } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { STATUSES } from "../../parts/status.js";
import { isId, refine } from "../../router.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */
/** @typedef {import("../../types").Member} Member */
/** @typedef {import("../../types").Status} Status */
/** @typedef {import("./queue.js").Filter} Filter */

/** So many documents are offered; another one is filtered by from its own page. */
const OFFERED = 200;

/**
 * The filter that a place's query says.
 * @param {URLSearchParams} query
 * @returns {Filter}
 */
export function filterOf(query) {
  const status = query.get("status") ?? "";
  const document = query.get("document") ?? "";
  return {
    status: status in STATUSES ? /** @type {Status} */ (status) : "pending",
    label: query.get("label") ?? "",
    author: query.get("author") ?? "",
    document: isId(document) ? document : "",
  };
}

/** @param {Filter} filter */
function keep(filter) {
  const { status, ...others } = filter;
  const said = Object.entries(others).filter(([, value]) => value);
  // Without a status, the queue is what waits.
  refine({ ...(status === "pending" ? {} : { status }), ...Object.fromEntries(said) });
}

/**
 * What narrows the queue; it is kept in the address.
 * @param {{project: string, filter: Filter, labels: import("../../types").Label[]}} props
 */
export function Filters({ project, filter, labels }) {
  const { value } = useLoaded(
    async (signal) => {
      const asked = query({ has_status: filter.status, limit: OFFERED });
      const [members, documents] = await Promise.all([
        all(path`/v1/projects/${project}/members`, { signal }),
        get(`${path`/v1/projects/${project}/documents`}${asked}`, { signal }),
      ]);
      /** @type {DocumentItem[]} */
      const items = documents.items;
      if (filter.document && !items.some((one) => one.id === filter.document)) {
        items.unshift(await get(path`/v1/documents/${filter.document}`, { signal }));
      }
      return { members: /** @type {Member[]} */ (members), items, more: documents.next !== null };
    },
    [project, filter.status, filter.document],
  );
  /** @param {keyof Filter} name */
  const taking = (name) => (/** @type {{currentTarget: HTMLSelectElement}} */ event) =>
    keep({ ...filter, [name]: event.currentTarget.value });
  const names = new Set([...(value?.members.map((one) => one.name) ?? []), filter.author]);
  names.delete("");
  return html`
    <form class="filters" aria-label="Filter">
      <label>
        Status
        <select value=${filter.status} onChange=${taking("status")}>
          ${Object.entries(STATUSES).map(
            ([status, { sign, name }]) => html`<option value=${status}>${sign} ${name}</option>`,
          )}
        </select>
      </label>
      <label>
        Label
        <select value=${filter.label} onChange=${taking("label")}>
          <option value="">any</option>
          ${labels.map((one) => html`<option value=${one.name}>${one.name}</option>`)}
        </select>
      </label>
      <label>
        Author
        <select value=${filter.author} onChange=${taking("author")}>
          <option value="">anybody</option>
          ${[...names].sort().map((name) => html`<option value=${name}>${name}</option>`)}
        </select>
      </label>
      <label>
        Document
        <select value=${filter.document} onChange=${taking("document")}>
          <option value="">any</option>
          ${value?.items.map((one) => html`<option value=${one.id}>${one.title}</option>`)}
          ${value?.more && html`<option disabled>the first ${OFFERED} alone are listed</option>`}
        </select>
      </label>
    </form>
  `;
}
