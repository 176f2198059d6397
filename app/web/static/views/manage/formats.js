/** The formats of files, by the names that the API gives them. */

import { html } from "../../vendor/preact.js";

/** @type {Record<string, {title: string, read: boolean}>} */
export const FORMATS = {
  jsonl: { title: "JSON Lines, which loses nothing", read: true },
  csv: { title: "CSV, a span a row", read: false },
  parquet: { title: "Parquet, a span a row", read: false },
  conll: { title: "CoNLL", read: true },
  brat: { title: "brat, a zip of .txt and .ann", read: true },
  doccano: { title: "doccano", read: true },
  "label-studio": { title: "Label Studio", read: true },
  spacy: { title: "spaCy DocBin", read: false },
  "uima-cas": { title: "UIMA CAS, a zip of XMI", read: true },
  "web-annotation": { title: "W3C Web Annotation", read: true },
};

/** @type {[RegExp, string][]} */
const GUESSES = [
  [/doccano.*\.jsonl?$/i, "doccano"],
  [/\.(jsonl|ndjson)$/i, "jsonl"],
  [/\.jsonld$/i, "web-annotation"],
  [/\.json$/i, "label-studio"],
  [/\.(conll|conllu|conllup|tsv)$/i, "conll"],
  [/\.brat\.zip$/i, "brat"],
  [/(xmi|cas|inception).*\.zip$/i, "uima-cas"],
  [/\.zip$/i, "brat"],
];

/**
 * The format that a file of this name is likely in; empty where nothing tells.
 * @param {string} name
 */
export function guessed(name) {
  return GUESSES.find(([pattern]) => pattern.test(name))?.[1] ?? "";
}

/**
 * A choice among all that can be written.
 * @param {{title: string, format: string, onChange: (format: string) => void}} props
 */
export function FormatChoice({ title, format, onChange }) {
  return html`
    <label class="narrow">
      ${title}
      <select
        value=${format}
        onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ { currentTarget }) =>
          onChange(currentTarget.value)}
      >
        ${Object.entries(FORMATS).map(
          ([name, { title }]) => html`<option value=${name}>${title}</option>`,
        )}
      </select>
    </label>
  `;
}
