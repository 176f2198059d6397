import { path, send } from "../../api.js";
import { Confirm } from "../../parts/confirm.js";
import { html } from "../../vendor/preact.js";
import { CountsOf } from "./row.js";

/** @typedef {import("../../types").DocumentItem} DocumentItem */

/**
 * Asks before a document is deleted.
 * @param {{
 *   item: DocumentItem, onMoved: (current: DocumentItem) => void, onDeleted: () => void,
 *   onClose: () => void,
 * }} props
 */
export function Delete({ item, onMoved, onDeleted, onClose }) {
  const act = async () => {
    // By the whole of it: the version alone would say nothing of annotations that came since.
    await send("DELETE", path`/v1/documents/${item.id}`, { etag: item.etag });
    onDeleted();
  };
  return html`
    <${Confirm}
      title="Delete a document"
      verb="Delete"
      act=${act}
      onMoved=${onMoved}
      onClose=${onClose}
    >
      <p><b dir="auto">${item.title}</b> <${CountsOf} counts=${item.counts} /></p>
      <p>
        Its annotations and relations are withdrawn with it. It leaves every list and export; its
        history stays.
      </p>
    <//>
  `;
}
