import { all, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { counted } from "../../parts/counted.js";
import { Download } from "../../parts/download.js";
import { useDraft } from "../../parts/draft.js";
import { RELEASE_NAME, fieldsOf, useForm } from "../../parts/form.js";
import { useLoaded } from "../../parts/loaded.js";
import { Moment } from "../../parts/moment.js";
import { Trouble } from "../../parts/trouble.js";
import { same } from "../../state/same.js";
import { html, useState } from "../../vendor/preact.js";
import { Filter, NO_FILTER, useChoices } from "./filter.js";
import { FormatChoice } from "./formats.js";

/** @typedef {import("../../types").Release} Release */

/** What a release holds if one says nothing else. */
const APPROVED = { ...NO_FILTER, status: ["approved"] };

/**
 * What the project held at some moments, to be cited and pulled for ever.
 * @param {{me: import("../../types").Me, project: string, manages: boolean}} props
 */
export function Releases({ me, project, manages }) {
  const here = path`/v1/projects/${project}`;
  const { value, error, reload } = useLoaded(
    (signal) => /** @type {Promise<Release[]>} */ (all(`${here}/releases`, { signal })),
    [],
  );
  const [format, setFormat] = useState("jsonl");
  return html`
    <section>
      <h2>Releases</h2>
      ${error && html`<${Trouble} error=${error} again=${reload} />`}
      ${
        value?.length === 0 &&
        html`
          <p>
            There is none yet. A release freezes what an export holds, to be cited and pulled for
            ever.
          </p>
        `
      }
      ${
        value &&
        value.length > 0 &&
        html`
          <${FormatChoice} title="Format to download in" format=${format} onChange=${setFormat} />
          <${Table} here=${here} releases=${value} format=${format} />
        `
      }
      ${manages && html`<${Make} me=${me.name} here=${here} onMade=${reload} />`}
    </section>
  `;
}

/** @param {{here: string, releases: Release[], format: string}} props */
function Table({ here, releases, format }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Releases">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Holds</th>
            <th scope="col">Made</th>
            <th scope="col">SHA-256 of its JSON Lines</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${releases.map(
            ({ name, description, filter, counts, sha256, created_by, created_at }) => html`
              <tr>
                <th scope="row">${name}</th>
                <td>
                  ${counted(counts.documents, "document")},${" "}
                  ${counted(counts.annotations, "annotation")},${" "}
                  ${counted(counts.relations, "relation")}
                  <small class="block">
                    ${[...filter.status, ...filter.label, ...filter.author].join(", ")}
                  </small>
                  <small class="block" dir="auto">${description}</small>
                </td>
                <td><${Moment} at=${created_at} /> by ${created_by}</td>
                <td><code class="digest">${sha256}</code></td>
                <td class="acts">
                  <${Download}
                    href=${`${here}${path`/releases/${name}/export`}?format=${format}`}
                    aria-label=${`Download ${name}`}
                  />
                </td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{me: string, here: string, onMade: () => void}} props */
function Make({ me, here, onMade }) {
  const { labels, authors } = useChoices(here);
  const [chosen, setChosen, , chosenNow] = useDraft(me, "release", here, APPROVED);
  const { busy, refusal, form } = useForm(me, `release of ${here}`, async (form, isAsSent) => {
    const { name, description } = fieldsOf(form);
    const body = { name, description: description || null, filter: chosen };
    const sent = chosenNow();
    await send("POST", `${here}/releases`, { body });
    announce(`${name} is made.`);
    // What was ticked meanwhile, or is seen beside what was typed meanwhile, is the next one's.
    if (isAsSent() && same(chosenNow(), sent)) setChosen(null);
    onMade();
  });
  return html`
    <form class="panel" ...${form}>
      <h3>Make a release</h3>
      <label class="narrow">
        Name
        <input name="name" required ...${RELEASE_NAME} autocomplete="off" placeholder="2026-11" />
      </label>
      <label>Description <input name="description" maxlength="10000" dir="auto" /></label>
      <${Filter}
        labels=${labels}
        authors=${authors}
        chosen=${chosen}
        onChange=${setChosen}
      />
      ${refusal && html`<${Trouble} error=${refusal} />`}
      <button type="submit" class="main" disabled=${busy}>Make it</button>
    </form>
  `;
}
