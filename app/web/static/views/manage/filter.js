import { all, get } from "../../api.js";
import { useLoaded } from "../../parts/loaded.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";

/** @typedef {{status: string[], label: string[], author: string[], annotated: boolean}} Chosen */

/** Everything. @type {Chosen} */
export const NO_FILTER = { status: [], label: [], author: [], annotated: false };

/**
 * What a filter offers: the project's labels and members.
 * @param {string} here the address of the project
 */
export function useChoices(here) {
  const { value, error } = useLoaded(async (signal) => {
    const [scheme, members] = await Promise.all([
      get(`${here}/scheme`, { signal }),
      all(`${here}/members`, { signal }),
    ]);
    return {
      labels: /** @type {import("../../types").Scheme} */ (scheme).labels.map(({ name }) => name),
      authors: /** @type {import("../../types").Member[]} */ (members).map(({ name }) => name),
    };
  }, []);
  return { labels: value?.labels ?? [], authors: value?.authors ?? [], error };
}

/**
 * Which annotations are meant: of each kind of filter, none ticked is all.
 * @param {{
 *   labels: string[], authors: string[], chosen: Chosen, onChange: (chosen: Chosen) => void,
 * }} props
 */
export function Filter({ labels, authors, chosen, onChange }) {
  /** @param {"status" | "label" | "author"} kind @param {string} name */
  const toggle = (kind, name) => {
    const before = chosen[kind];
    const next = before.includes(name) ? before.filter((one) => one !== name) : [...before, name];
    onChange({ ...chosen, [kind]: next });
  };
  /**
   * @param {"status" | "label" | "author"} kind
   * @param {string} title
   * @param {[string, string][]} choices
   */
  const group = (kind, title, choices) => html`
    <fieldset class="choices">
      <legend>${title}</legend>
      ${choices.map(
        ([name, shown]) => html`
          <label class="check">
            <input
              type="checkbox"
              checked=${chosen[kind].includes(name)}
              onChange=${() => toggle(kind, name)}
            />
            ${shown}
          </label>
        `,
      )}
    </fieldset>
  `;
  /** @param {string[]} names @returns {[string, string][]} */
  const plain = (names) => names.map((name) => [name, name]);
  return html`
    ${group(
      "status",
      "Status",
      Object.entries(STATUSES).map(([status, { sign, name }]) => [status, `${sign} ${name}`]),
    )}
    ${group("label", "Label", plain(labels))}
    ${group("author", "Author", plain(authors))}
    <label class="check">
      <input
        type="checkbox"
        checked=${chosen.annotated}
        onChange=${() => onChange({ ...chosen, annotated: !chosen.annotated })}
      />
      Leave out documents without such an annotation
    </label>
    <p><small>Where nothing is ticked, all are taken.</small></p>
  `;
}
