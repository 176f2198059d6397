import { get, path, query } from "../../api.js";
import { Combobox } from "../../parts/combobox.js";
import { useLoaded } from "../../parts/loaded.js";
import { html, useEffect, useState } from "../../vendor/preact.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */

/** So many documents are offered at once: who types more words finds the others. */
const OFFERED = 20;
/** Typing that stops for so many milliseconds is looked for. */
const PAUSE = 250;

/**
 * The document that the queue is of, found by words of its title or its text.
 * @param {{project: string, status: import("../../types").Status, document: string,
 *   onTake: (document: string) => void}} props `document` is an id; empty for any
 */
export function DocumentFilter({ project, status, document, onTake }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [sought, setSought] = useState("");
  useEffect(() => {
    const soon = setTimeout(() => setSought(typed.trim()), PAUSE);
    return () => clearTimeout(soon);
  }, [typed]);
  const { value: found, error } = useLoaded(
    async (signal) => {
      if (!open) return null;
      const asked = query({ q: sought, has_status: status, limit: OFFERED });
      const page = await get(path`/v1/projects/${project}/documents` + asked, { signal });
      return { sought, items: /** @type {DocumentItem[]} */ (page.items) };
    },
    [project, status, sought, open],
  );
  const { value: chosen } = useLoaded(
    async (signal) => {
      if (!document) return null;
      return /** @type {DocumentItem} */ (await get(path`/v1/documents/${document}`, { signal }));
    },
    [document],
  );
  const items = error ? [] : (found?.items ?? []);
  const offers = items.map(({ id, title }) => ({ key: id, shown: html`<bdi>${title}</bdi>` }));
  if (!typed) offers.unshift({ key: "", shown: html`<span>any</span>` });
  const title = (document && chosen?.title) || "";
  const shut = () => {
    setOpen(false);
    setTyped("");
  };
  return html`
    <div class="document-filter">
      <span aria-hidden="true">Document</span>
      <${Combobox}
        id="documents-offered"
        name="Document"
        placeholder=${title || "any: type words"}
        typed=${open ? typed : title}
        onTyped=${(/** @type {string} */ next) => {
          setOpen(true);
          setTyped(next);
        }}
        open=${open}
        offers=${offers}
        pending=${!error && found?.sought !== typed.trim()}
        none=${error ? /** @type {Error} */ (error).message : "No document has all of these words."}
        onTake=${(/** @type {string} */ id) => {
          shut();
          onTake(id);
        }}
        onLeave=${shut}
        onFocus=${() => setOpen(true)}
        onBlur=${shut}
      />
    </div>
  `;
}
