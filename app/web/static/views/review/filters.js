import { all, path } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { STATUSES } from "../../parts/status.js";
import { isId, refine } from "../../router.js";
import { html, useLayoutEffect, useRef } from "../../vendor/preact.js";
import { DocumentFilter } from "./document_filter.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Member} Member */
/** @typedef {import("../../types").Status} Status */
/** @typedef {import("./matching.js").Filter} Filter */

/** Where annotations come from, in words. */
/** @type {Record<Annotation["origin"], string>} */
const ORIGINS = { human: "people", model: "a model", import: "an import" };

/**
 * The filter that a place's query says.
 * @param {URLSearchParams} query
 * @returns {Filter}
 */
export function filterOf(query) {
  const status = query.get("status") ?? "";
  const document = query.get("document") ?? "";
  const origin = query.get("origin") ?? "";
  return {
    status: status in STATUSES ? /** @type {Status} */ (status) : "pending",
    label: query.get("label") ?? "",
    author: query.get("author") ?? "",
    document: isId(document) ? document : "",
    quote: query.get("quote") ?? "",
    origin: origin in ORIGINS ? /** @type {Annotation["origin"]} */ (origin) : "",
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
  const { value: members } = useLoaded(
    async (signal) =>
      /** @type {Member[]} */ (await all(path`/v1/projects/${project}/members`, { signal })),
    [project],
  );
  const quote = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    // A link empties the field; what is being typed in it stays. So it is compared before another
    // letter is there.
    if (quote.current && quote.current.value.trim() !== filter.quote) quote.current.value = filter.quote;
  }, [filter.quote]);
  /** @param {keyof Filter} name */
  const taking = (name) => (/** @type {{currentTarget: HTMLSelectElement}} */ event) =>
    keep({ ...filter, [name]: event.currentTarget.value });
  const names = new Set([...(members?.map((one) => one.name) ?? []), filter.author]);
  names.delete("");
  return html`
    <form
      class="filters"
      aria-label="Filter"
      onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}
    >
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
      <${DocumentFilter}
        project=${project}
        status=${filter.status}
        document=${filter.document}
        onTake=${(/** @type {string} */ document) => keep({ ...filter, document })}
      />
      <label>
        Quote
        <input
          ref=${quote}
          type="search"
          maxlength="1000"
          autocomplete="off"
          placeholder="has these words"
          onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) =>
            keep({ ...filter, quote: currentTarget.value.trim() })}
        />
      </label>
      <label>
        Made by
        <select value=${filter.origin} onChange=${taking("origin")}>
          <option value="">anybody</option>
          ${Object.entries(ORIGINS).map(([name, said]) => html`<option value=${name}>${said}</option>`)}
        </select>
      </label>
    </form>
  `;
}
