import { LabelName } from "../../parts/label.js";
import { html } from "../../vendor/preact.js";

/** A scheme, to be read. @param {{scheme: import("../../types").Scheme}} props */
export function SchemeShown({ scheme }) {
  return html`
    <p>${scheme.name}, version ${scheme.version}</p>
    ${scheme.labels.map(
      (label) => html`
        <div class="panel label-form">
          <h3><${LabelName} labels=${scheme.labels} name=${label.name} /></h3>
          <p dir="auto">${label.description}</p>
          ${label.hotkey && html`<p><small>Its key is <kbd>${label.hotkey}</kbd></small></p>`}
          <dl class="attributes">
            ${(label.attributes ?? []).map(
              ({ name, type, values, required, description }) => html`
                <dt>${name}</dt>
                <dd>
                  ${type}${required && ", required"}${values && `: ${values.join(", ")}`}
                  <small class="block" dir="auto">${description}</small>
                </dd>
              `,
            )}
          </dl>
        </div>
      `,
    )}
    <h3>Relations</h3>
    <ul>
      ${scheme.relations.map(
        ({ name, source, target, symmetric }) => html`
          <li>
            <b>${name}</b>: ${source.join(", ")} ${symmetric ? "↔" : "→"} ${target.join(", ")}
          </li>
        `,
      )}
    </ul>
  `;
}
