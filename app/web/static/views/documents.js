import { get, path, query } from "../api.js";
import { announce } from "../parts/announce.js";
import { isTyping, useKeys } from "../parts/keys.js";
import { useLoaded } from "../parts/loaded.js";
import { atLeast } from "../parts/roles.js";
import { STATUSES } from "../parts/status.js";
import { Trouble } from "../parts/trouble.js";
import { place as here, keepPlace, kept, refine } from "../router.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { AddDocument } from "./documents/add.js";
import { Delete } from "./documents/delete.js";
import { NextOne } from "./documents/next.js";
import { Row } from "./documents/row.js";

/** @typedef {import("../types").DocumentItem} DocumentItem */
/** @typedef {import("../types").Page<DocumentItem>} Found */

/** What the list can be narrowed to, and how the API says it. */
/** @type {Record<string, {title: string, asks: Record<string, string>}>} */
const PROGRESS = {
  "": { title: "All", asks: {} },
  none: { title: "Without annotations", asks: { annotated: "false" } },
  some: { title: "With annotations", asks: { annotated: "true" } },
  ...Object.fromEntries(
    Object.entries(STATUSES).map(([status, { sign, name }]) => [
      status,
      { title: `${sign} With some ${name}`, asks: { has_status: status } },
    ]),
  ),
};
const PAGE = 50;
/** So many the API gives at once. */
const MOST = 1000;

/**
 * The documents of a project. What is searched for stands in the address, so that going back finds
 * it again.
 * @param {import("../main.js").ViewProps} props
 */
export function Documents({ me, project, role, place }) {
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState(/** @type {DocumentItem | null} */ (null));
  const [trouble, setTrouble] = useState(/** @type {{at: string, error: unknown} | null} */ (null));
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const asked = {
    q: place.query.get("q") ?? "",
    progress: place.query.get("progress") ?? "",
    order: place.query.get("order") ?? "",
  };
  /** @param {string} [cursor] @param {number} [limit] */
  const address = (cursor, limit = PAGE) =>
    path`/v1/projects/${project}/documents` +
    query({
      q: asked.q,
      order: asked.order,
      ...PROGRESS[asked.progress]?.asks,
      limit,
      cursor,
    });
  const { value, error, reload, set } = useLoaded(
    async (signal) => {
      // Who comes back finds as much of the list as they had.
      const { list } = kept();
      const count = list?.of === address() ? Math.min(list.count, MOST) : PAGE;
      return /** @type {Found} */ (await get(address("", count), { signal }));
    },
    [address()],
  );
  const latest = useRef({ at: address(), value });
  latest.current = { at: address(), value };
  useEffect(() => {
    document.title = `Documents · ${project} · Stet`;
  }, []);

  /** @param {Partial<typeof asked>} change */
  const ask = (change) => {
    // Of the address as it is now, for what is typed is asked for a little later.
    const now = Object.fromEntries(here().query);
    const next = Object.entries({ ...now, ...change }).filter(([, said]) => said !== "");
    refine(Object.fromEntries(next));
  };
  const titles = () => [...(list.current?.querySelectorAll("a.title") ?? [])];
  /** @param {number} step */
  const move = (step) => {
    const all = titles();
    const row = document.activeElement?.closest("li");
    const at = all.findIndex((link) => row?.contains(link));
    const link = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
    if (link instanceof HTMLElement) link.focus();
  };
  useKeys("Documents", [
    { keys: ["/"], does: "Search", run: () => search.current?.focus() },
    { keys: ["j", "ArrowDown"], does: "Next document", run: () => move(1), repeats: true },
    { keys: ["k", "ArrowUp"], does: "Document before", run: () => move(-1), repeats: true },
  ]);

  const more = async () => {
    if (!value?.next) return;
    const at = address();
    const from = document.activeElement;
    setTrouble(null);
    try {
      const page = /** @type {Found} */ (await get(address(value.next)));
      const { at: now, value: shown } = latest.current;
      // Another list is asked for by now, or this page of it is there already.
      if (now !== at || shown?.next !== value.next) return;
      const before = shown.items.length;
      set(({ items }) => ({ items: [...items, ...page.items], next: page.next }));
      keepPlace({ list: { of: at, count: before + page.items.length } });
      announce(`${page.items.length} more documents.`);
      // The button may be gone now: who works by keyboard goes on at the first of the new ones, but
      // not who has gone elsewhere meanwhile.
      requestAnimationFrame(() => {
        if (![from, document.body].includes(document.activeElement)) return;
        /** @type {HTMLElement} */ (titles()[before])?.focus();
      });
    } catch (failure) {
      setTrouble({ at, error: failure });
    }
  };
  /** @param {DocumentItem} now */
  const moved = (now) => {
    set((found) => ({
      ...found,
      items: found.items.map((item) => (item.id === now.id ? now : item)),
    }));
    setDeleting(now);
  };
  /** @param {DocumentItem} item */
  const gone = (item) => {
    announce("Deleted.");
    let at = -1;
    set((found) => {
      at = found.items.findIndex(({ id }) => id === item.id);
      return { ...found, items: found.items.filter(({ id }) => id !== item.id) };
    });
    // What had the focus is gone; the next document has it then, or the search.
    requestAnimationFrame(() => {
      const next = titles()[at] ?? search.current;
      if (next instanceof HTMLElement && !isTyping()) next.focus();
    });
  };

  return html`
    <div class="title-row">
      <h1>Documents</h1>
      ${
        atLeast(role, "annotator") &&
        html`<button type="button" onClick=${() => setAdding(true)}>Add a document</button>`
      }
    </div>
    ${atLeast(role, "annotator") && html`<${NextOne} project=${project} role=${role} me=${me.name} />`}
    <${Search} asked=${asked} ask=${ask} input=${search} />
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${value && html`<${Count} found=${value} narrowed=${`${asked.q}${asked.progress}` !== ""} />`}
    <ul class="documents" ref=${list}>
      ${value?.items.map(
        (item) => html`
          <${Row}
            key=${item.id}
            project=${project}
            item=${item}
            onDelete=${role === "manager" ? () => setDeleting(item) : null}
          />
        `,
      )}
    </ul>
    ${trouble?.at === address() && html`<${Trouble} error=${trouble.error} />`}
    ${value?.next && html`<button type="button" class="more-button" onClick=${more}>More</button>`}
    ${adding && html`<${AddDocument} me=${me.name} project=${project} onClose=${() => setAdding(false)} />`}
    ${
      deleting &&
      html`
        <${Delete}
          item=${deleting}
          onMoved=${moved}
          onDeleted=${() => gone(deleting)}
          onClose=${() => setDeleting(null)}
        />
      `
    }
  `;
}

/**
 * @param {{
 *   asked: {q: string, progress: string, order: string},
 *   ask: (change: Record<string, string>) => void,
 *   input: import("../vendor/preact.js").Ref<HTMLInputElement | null>,
 * }} props
 */
function Search({ asked, ask, input }) {
  const waiting = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => () => clearTimeout(waiting.current), []);
  useLayoutEffect(() => {
    // A link to the whole list empties the field; what is being typed in it stays. So it is compared
    // before another letter is there.
    if (input.current && input.current.value.trim() !== asked.q) input.current.value = asked.q;
  }, [asked.q]);
  /** @param {Record<string, string>} [change] asked for together with what was typed */
  const now = (change) => {
    clearTimeout(waiting.current);
    ask({ q: input.current?.value.trim() ?? "", ...change });
  };
  const soon = () => {
    clearTimeout(waiting.current);
    waiting.current = setTimeout(() => now(), 250);
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    now();
  };
  const choose = (/** @type {{currentTarget: HTMLSelectElement}} */ { currentTarget }) =>
    now({ [currentTarget.name]: currentTarget.value });
  return html`
    <form class="document-search" role="search" onSubmit=${submit}>
      <label class="words">
        Search
        <input
          ref=${input}
          type="search"
          name="q"
          onInput=${soon}
          maxlength="1000"
          autocomplete="off"
          aria-describedby="search-form"
        />
      </label>
      <label>
        Progress
        <select name="progress" value=${asked.progress} onChange=${choose}>
          ${Object.entries(PROGRESS).map(
            ([name, { title }]) => html`<option value=${name}>${title}</option>`,
          )}
        </select>
      </label>
      <label>
        Order
        <select name="order" value=${asked.order} onChange=${choose}>
          <option value="">${asked.q ? "Best first" : "Oldest first"}</option>
          ${asked.q && html`<option value="oldest">Oldest first</option>`}
          <option value="newest">Newest first</option>
        </select>
      </label>
      <small id="search-form">
        All of these words, a “phrase in quotes”, and -not this.
      </small>
    </form>
  `;
}

/** @param {{found: Found, narrowed: boolean}} props */
function Count({ found, narrowed }) {
  const count = found.items.length;
  const what = `${count === 1 ? "document" : "documents"}${narrowed ? " found" : ""}`;
  const said = found.next ? `The first ${count} ${what}` : `${count || "No"} ${what}`;
  return html`<p class="found-count" role="status">${said}</p>`;
}
