import { get, path } from "../api.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { link } from "../router.js";
import { html, useEffect } from "../vendor/preact.js";
import { ByLabel } from "./overview/by_label.js";
import { ByPerson } from "./overview/by_person.js";
import { OverTime } from "./overview/over_time.js";
import { Patterns, share, total } from "./overview/plots.js";

/** @typedef {import("../types").Progress} Progress */
/** @typedef {import("../types").DocumentItem} DocumentItem */

const LISTED = 12;

/**
 * How far the project has come: each plot stands in the table whose numbers it draws.
 * @param {import("../main.js").ViewProps} props
 */
export function Overview({ project }) {
  const { value, error, reload } = useLoaded(async (signal) => {
    const here = path`/v1/projects/${project}`;
    const [progress, scheme, untouched] = await Promise.all([
      get(`${here}/progress`, { signal }),
      get(`${here}/scheme`, { signal }),
      get(`${here}/documents?annotated=false&limit=${LISTED}`, { signal }),
    ]);
    return {
      progress: /** @type {Progress} */ (progress),
      labels: /** @type {import("../types").Label[]} */ (scheme.labels),
      untouched: /** @type {DocumentItem[]} */ (untouched.items),
    };
  }, []);
  useEffect(() => {
    document.title = `Overview · ${project} · Stet`;
  }, []);
  return html`
    <h1>Overview</h1>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${
      value &&
      html`
        <${Patterns} />
        <div class="overview">
          <${Totals} progress=${value.progress} />
          <${ByLabel} labels=${value.labels} counts=${value.progress.labels} />
          <${ByPerson} people=${value.progress.people} />
          <${OverTime} labels=${value.labels} days=${value.progress.days} />
          <${Untouched}
            project=${project}
            items=${value.untouched}
            count=${value.progress.documents.without_annotations}
          />
        </div>
      `
    }
  `;
}

/** @param {{progress: Progress}} props */
function Totals({ progress }) {
  const { documents } = progress;
  const annotated = documents.total - documents.without_annotations;
  const counts = Object.values(progress.labels);
  const annotations = total(counts.map((one) => total(Object.values(one))));
  const approved = total(counts.map((one) => one.approved));
  const waiting = total(counts.map((one) => one.pending));
  return html`
    <dl class="totals">
      <div><dt>${documents.total === 1 ? "document" : "documents"}</dt><dd>${documents.total}</dd></div>
      <div>
        <dt>of them annotated</dt>
        <dd>${annotated} <small>${share(annotated, documents.total)}</small></dd>
      </div>
      <div><dt>annotations</dt><dd>${annotations}</dd></div>
      <div>
        <dt>of them approved</dt>
        <dd>${approved} <small>${share(approved, annotations)}</small></dd>
      </div>
      <div><dt>waiting for review</dt><dd>${waiting}</dd></div>
    </dl>
  `;
}

/** @param {{project: string, items: DocumentItem[], count: number}} props */
function Untouched({ project, items, count }) {
  return html`
    <section class="panel">
      <h2>Documents without annotations</h2>
      ${items.length === 0 && html`<p>Every document has annotations.</p>`}
      <ul class="plain">
        ${items.map(
          (item) => html`
            <li>
              <a href=${link(["projects", project, "documents", item.id])}>
                <bdi>${item.title}</bdi>
              </a>
            </li>
          `,
        )}
      </ul>
      ${
        count > items.length &&
        html`<p><a href=${link(["projects", project], { progress: "none" })}>All ${count}</a></p>`
      }
    </section>
  `;
}
