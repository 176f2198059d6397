import { get, path, query } from "../../api.js";
import { counted } from "../../parts/counted.js";
import { Download } from "../../parts/download.js";
import { Trouble } from "../../parts/trouble.js";
import { link } from "../../router.js";
import { html, useState } from "../../vendor/preact.js";
import { Filter, NO_FILTER, useChoices } from "./filter.js";
import { FormatChoice } from "./formats.js";

/** @typedef {import("../../types").LossReport} LossReport */

/** The project as a file, and what its format cannot hold. @param {{project: string}} props */
export function Export({ project }) {
  const here = path`/v1/projects/${project}`;
  const { labels, authors, error } = useChoices(here);
  const [format, setFormat] = useState("jsonl");
  const [chosen, setChosen] = useState(NO_FILTER);
  const address = `${here}/export${query({ format, ...chosen })}`;
  // What was found out, and about which export: another choice makes it say nothing.
  const [report, setReport] = useState(
    /** @type {{of: string, found?: LossReport, error?: unknown} | null} */ (null),
  );
  const check = async () => {
    setReport({ of: address });
    const found = await get(`${address}&dry_run=true`).then(
      (found) => ({ found }),
      (error) => ({ error }),
    );
    // Another choice may have been asked about since.
    setReport((now) => (now?.of === address ? { of: address, ...found } : now));
  };
  const known = report?.of === address ? report : null;
  return html`
    <section>
      <h2>Export</h2>
      ${error && html`<${Trouble} error=${error} />`}
      <div class="panel">
        <${FormatChoice} title="Format" format=${format} onChange=${setFormat} />
        <${Filter}
          labels=${labels}
          authors=${authors}
          chosen=${chosen}
          onChange=${setChosen}
        />
        <div class="row">
          <button type="button" onClick=${check} disabled=${known && !known.found && !known.error}>
            See what the format would lose
          </button>
          <${Download} class="button main" href=${address} />
        </div>
        <div role="status">
          ${known?.found && html`<${Losses} project=${project} report=${known.found} />`}
        </div>
        ${known?.error && html`<${Trouble} error=${known.error} />`}
      </div>
    </section>
  `;
}

/** @param {{project: string, report: LossReport}} props */
function Losses({ project, report }) {
  return html`
    <h3>What the file would hold</h3>
    <p>
      ${counted(report.documents, "document")}, ${counted(report.annotations, "annotation")} and${" "}
      ${counted(report.relations, "relation")}${report.losses.length ? ", but not:" : ". Nothing is lost."}
    </p>
    ${
      report.losses.length > 0 &&
      html`
        <div class="scroll" tabindex="0" role="region" aria-label="What would be lost">
          <table>
            <thead>
              <tr>
                <th scope="col">What is lost</th>
                <th scope="col" class="number">How many</th>
                <th scope="col">For example</th>
              </tr>
            </thead>
            <tbody>
              ${report.losses.map(
                ({ kind, count, example }) => html`
                  <tr>
                    <th scope="row">${kind.replaceAll("_", " ")}</th>
                    <td class="number">${count}</td>
                    <td>
                      <a
                        dir="auto"
                        href=${link(["projects", project, "documents", example.document])}
                        >${example.what}</a
                      >
                    </td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        </div>
      `
    }
  `;
}
