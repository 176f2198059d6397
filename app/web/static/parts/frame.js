import { send } from "../api.js";
import { link, place } from "../router.js";
import { html, useState } from "../vendor/preact.js";
import { keep, recall } from "../work/kept.js";
import { KeySheet, useKeys } from "./keys.js";
import { Outstanding } from "./outstanding.js";

/** @typedef {import("../types").Me} Me */
/** @typedef {import("../types").Role} Role */

const THEME = "stet.theme";
const THEMES = ["system", "light", "dark"];
// A file that is dropped beside where it was meant would else replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

document.documentElement.dataset["theme"] = recall(THEME) ?? "system";

function Theme() {
  const [theme, setTheme] = useState(document.documentElement.dataset["theme"] ?? "system");
  return html`
    <label class="theme">
      <span class="unseen">Colours</span>
      <select
        value=${theme}
        onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ event) => {
          const next = event.currentTarget.value;
          keep(THEME, next);
          document.documentElement.dataset["theme"] = next;
          setTheme(next);
        }}
      >
        ${THEMES.map((name) => html`<option value=${name}>${name}</option>`)}
      </select>
    </label>
  `;
}

/**
 * What stands around every view.
 * @param {{me: Me, project: string, role: Role, onSignedOut: () => void, children?: unknown}} props
 */
export function Frame({ me, project, role, onSignedOut, children }) {
  const [sheet, setSheet] = useState(false);
  useKeys("Everywhere", [{ keys: ["?"], does: "Show this sheet", run: () => setSheet(true) }]);
  const here = place().parts[2] ?? "";
  const views = [
    ["", "Documents"],
    ["review", "Review"],
    ...(role === "reader" ? [] : [["returned", "Came back"]]),
    ["overview", "Overview"],
    ["manage", role === "manager" ? "Manage" : "Data"],
  ];
  const signOut = async () => {
    await send("DELETE", "/v1/session");
    onSignedOut();
  };
  const toMain = (/** @type {Event} */ event) => {
    event.preventDefault();
    document.querySelector("main")?.focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <header class="frame">
      <a class="brand" href="#/">Stet</a>
      ${project &&
      html`
        <nav aria-label=${project}>
          <span class="project">${project}</span>
          ${views.map(
            ([name = "", title]) => html`
              <a
                href=${link(["projects", project, ...(name ? [name] : [])])}
                aria-current=${here === name || (name === "" && here === "documents")
                  ? "page"
                  : undefined}
                >${title}</a
              >
            `,
          )}
        </nav>
      `}
      <div class="self">
        <${Outstanding} owner=${me.name} />
        <button type="button" class="quiet" onClick=${() => setSheet(true)} aria-label="Keys">?</button>
        <${Theme} />
        <a href="#/tokens">${me.display_name ?? me.name}</a>
        <button type="button" class="quiet" onClick=${signOut}>Sign out</button>
      </div>
    </header>
    <main id="main" tabindex="-1">${children}</main>
    <${KeySheet} open=${sheet} onClose=${() => setSheet(false)} />
  `;
}
