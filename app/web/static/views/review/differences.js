/** How two versions of an annotation differ, in words. */

import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").AttributeValue} AttributeValue */
/** @typedef {import("../../types").Version} Version */
/**
 * What both an annotation and an old version of it say.
 * @typedef {Pick<Annotation, keyof Annotation & keyof Version>} Said
 */

/**
 * The value of an attribute, for people.
 * @param {AttributeValue} value
 * @returns {string}
 */
export function written(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? `“${value.quote}”` : String(value);
}

/**
 * All that an annotation says, each part under its name, in the order in which people look.
 * @param {Said} said
 * @returns {Map<string, string>}
 */
function parts(said) {
  const words = (said.fragments ?? [said]).map((one) => `“${one.quote}”`).join(" … ");
  return new Map([
    ["status", STATUSES[said.status].name],
    ["label", said.label],
    ["words", words],
    ...Object.entries(said.attributes).map(
      ([name, value]) => /** @type {[string, string]} */ ([name.replaceAll("_", " "), written(value)]),
    ),
    ...(said.note ? [/** @type {[string, string]} */ (["note", said.note])] : []),
  ]);
}

/**
 * What is not the same; an empty text stands for what is not there.
 * @param {Said} before
 * @param {Said} after
 * @returns {{name: string, before: string, after: string}[]}
 */
export function differences(before, after) {
  const [old, fresh] = [parts(before), parts(after)];
  const found = [...new Set([...old.keys(), ...fresh.keys()])]
    .map((name) => ({ name, before: old.get(name) ?? "", after: fresh.get(name) ?? "" }))
    .filter((one) => one.before !== one.after);
  // The same words may stand at another place of the text.
  if (old.get("words") === fresh.get("words") && before.start !== after.start) {
    found.push({ name: "place", before: `at ${before.start}`, after: `at ${after.start}` });
  }
  return found;
}

/**
 * Two versions side by side: the label and the words always, the rest where it differs.
 * @param {{before: Said, after: Said}} props
 */
export function SideBySide({ before, after }) {
  const changed = differences(before, after);
  const same = ["label", "words"]
    .filter((name) => !changed.some((one) => one.name === name))
    .map((name) => ({ name, before: parts(before).get(name), after: parts(after).get(name) }));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Old and new">
      <table class="versions">
        <thead>
          <tr>
            <td></td>
            <th scope="col">You saw: version ${before.version}</th>
            <th scope="col">Now: version ${after.version}</th>
          </tr>
        </thead>
        <tbody>
          ${same.map(
            (one) => html`
              <tr>
                <th scope="row">${one.name} <span class="sameness">the same</span></th>
                <td dir="auto">${one.before}</td>
                <td dir="auto">${one.after}</td>
              </tr>
            `,
          )}
          ${changed.map(
            (one) => html`
              <tr>
                <th scope="row">${one.name} <span class="sameness">≠ changed</span></th>
                <td dir="auto">${one.before ? html`<del>${one.before}</del>` : "none"}</td>
                <td dir="auto">${one.after ? html`<ins>${one.after}</ins>` : "none"}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/**
 * What one version changed in the one before.
 * @param {{before: Said, after: Said}} props
 */
export function Difference({ before, after }) {
  return html`
    <dl class="difference">
      ${differences(before, after).map(
        (one) => html`
          <dt>${one.name}</dt>
          <dd dir="auto">
            ${one.before && html`<del>${one.before}</del>`}
            ${one.before && one.after && html`<span aria-hidden="true"> → </span>`}
            ${one.after && html`<ins>${one.after}</ins>`}
          </dd>
        `,
      )}
    </dl>
  `;
}
