import { Refused, path, query, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { counted } from "../../parts/counted.js";
import { Trouble, announceTrouble } from "../../parts/trouble.js";
import { staying } from "../../router.js";
import { html, useState } from "../../vendor/preact.js";
import { FORMATS, guessed } from "./formats.js";
import { Refusals, Report } from "./import_report.js";

/** @typedef {import("../../types").ImportReport} ImportReport */
/** @typedef {import("../../types").Refusal} Refusal */
/** @typedef {{currentTarget: HTMLSelectElement}} OnSelect */
/** @typedef {{tried: boolean, mode: string, report?: ImportReport, error?: unknown}} Outcome */

/** A file into the project: tried first if one likes. @param {{project: string}} props */
export function Import({ project }) {
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [format, setFormat] = useState("");
  const [mode, setMode] = useState("all-or-nothing");
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState("");
  const [outcome, setOutcome] = useState(/** @type {Outcome | null} */ (null));

  /** @param {(said: string) => void} set */
  const selected = (set) => (/** @type {OnSelect} */ event) => set(event.currentTarget.value);
  /** @param {File | undefined} chosen */
  const take = (chosen) => {
    if (!chosen) return;
    setFile(chosen);
    setFormat(guessed(chosen.name) || format);
    setOutcome(null);
  };
  /** @param {boolean} tried @param {Element} button */
  const run = async (tried, button) => {
    if (!file || !format) return;
    const isThere = staying(button);
    setBusy(tried ? "Trying …" : "Importing …");
    setOutcome(null);
    const address = path`/v1/projects/${project}/import`;
    try {
      const asked = query({ format, mode, dry_run: tried });
      const report = /** @type {ImportReport} */ (await send("POST", address + asked, { body: file }));
      setOutcome({ tried, mode, report });
      if (!isThere() && !tried) announce(`${file.name} is imported. ${countsOf(report)}`);
    } catch (error) {
      setOutcome({ tried, mode, error });
      if (!isThere()) announceTrouble(`${file.name} is not imported`, error);
    }
    setBusy("");
  };
  /** @param {boolean} tried */
  const press = (tried) => (/** @type {{currentTarget: HTMLButtonElement}} */ { currentTarget }) =>
    run(tried, currentTarget);
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files[0]);
  };
  const hover = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  const ready = file !== null && format !== "" && busy === "";
  return html`
    <section>
      <h2>Import</h2>
      <div
        class=${`panel drop${over ? " over" : ""}`}
        onDrop=${drop}
        onDragOver=${hover}
        onDragLeave=${() => setOver(false)}
      >
        <label>
          A file, chosen here or dropped anywhere on this panel
          <input
            type="file"
            onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) =>
              take(event.currentTarget.files?.[0])}
          />
        </label>
        ${file && html`<p><b>${file.name}</b>, ${size(file.size)}</p>`}
        <div class="form-columns">
          <label>
            Format
            <select value=${format} onChange=${selected(setFormat)}>
              <option value="" disabled>Choose one</option>
              ${Object.entries(FORMATS)
                .filter(([, { read }]) => read)
                .map(([name, { title }]) => html`<option value=${name}>${title}</option>`)}
            </select>
          </label>
          <label>
            When a record is refused
            <select value=${mode} onChange=${selected(setMode)}>
              <option value="all-or-nothing">write nothing</option>
              <option value="skip-refused">write the rest</option>
            </select>
          </label>
        </div>
        <div class="row">
          <button type="button" disabled=${!ready} onClick=${press(true)}>Try first</button>
          <button type="button" class="main" disabled=${!ready} onClick=${press(false)}>
            Import
          </button>
          <span role="status">${busy}</span>
        </div>
      </div>
      ${outcome && html`<${After} outcome=${outcome} />`}
    </section>
  `;
}

/** @param {{outcome: Outcome}} props */
function After({ outcome: { tried, mode, report, error } }) {
  if (report) {
    const whole = mode === "all-or-nothing";
    return html`<${Report} tried=${tried} whole=${whole} report=${report} />`;
  }
  if (error instanceof Refused && error.code === "import-refused") {
    const { detail, errors = [] } = error.problem;
    return html`
      <div class="trouble" role="alert"><p>${detail}</p></div>
      <${Refusals} refusals=${/** @type {Refusal[]} */ (errors)} />
    `;
  }
  return html`<${Trouble} error=${error} />`;
}

/** @param {ImportReport} report */
function countsOf({ created, refusals }) {
  const made = [
    counted(created.documents, "document"),
    counted(created.annotations, "annotation"),
    counted(created.relations, "relation"),
  ].join(", ");
  return `Created: ${made}.${refusals.length ? ` Refused: ${refusals.length}.` : ""}`;
}

const UNITS = /** @type {const} */ (["byte", "kilobyte", "megabyte", "gigabyte"]);

/** @param {number} bytes */
function size(bytes) {
  const step = bytes > 0 ? Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1) : 0;
  const unit = UNITS[step] ?? "byte";
  const form = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(undefined, /** @type {Intl.NumberFormatOptions} */ (form)).format(
    bytes / 1000 ** step,
  );
}
