import { Trouble } from "../../parts/trouble.js";
import { html, useState } from "../../vendor/preact.js";
import { HistoryList, historyOf } from "../review/history.js";

/** @typedef {import("../../types").History} History */

/**
 * Of an annotation that the address names and that the document has not: its history remains.
 * @param {{id: string}} props
 */
export function Gone({ id }) {
  const [history, setHistory] = useState(/** @type {History | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const look = () => {
    setError(null);
    historyOf(id).then(setHistory, setError);
  };
  return html`
    <section class="panel gone" role="status">
      <p>The annotation of this address is not in this document: it was withdrawn, or never there.</p>
      ${error && html`<${Trouble} error=${error} />`}
      ${history && html`<q dir="auto">${history.versions.at(-1)?.quote}</q>`}
      ${history
        ? html`<${HistoryList} history=${history} />`
        : html`<button type="button" onClick=${look}>Show its history</button>`}
    </section>
  `;
}
