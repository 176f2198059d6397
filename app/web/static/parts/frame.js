import { Refused, send } from "../api.js";
import { link, place } from "../router.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { keep, nowSpeaks, recall, speaksFor } from "../state/kept.js";
import { announce } from "./announce.js";
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
 * What belongs to oneself: side by side where there is room, and else behind a button.
 * @param {{children?: unknown}} props
 */
function Menu({ children }) {
  const [open, setOpen] = useState(false);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  // Before the next key: Escape would be heard by the view.
  useLayoutEffect(() => {
    if (!open) return undefined;
    const shut = () => setOpen(false);
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      // Only the menu is left: what is chosen in the view stays chosen.
      event.preventDefault();
      event.stopPropagation();
      shut();
      button.current?.focus();
    };
    const left = (/** @type {Event} */ event) => {
      const menu = button.current?.parentElement;
      if (event.target instanceof Node && !menu?.contains(event.target)) shut();
    };
    addEventListener("keydown", pressed, { capture: true });
    addEventListener("pointerdown", left);
    addEventListener("focusin", left);
    return () => {
      removeEventListener("keydown", pressed, { capture: true });
      removeEventListener("pointerdown", left);
      removeEventListener("focusin", left);
    };
  }, [open]);
  const chosen = (/** @type {Event} */ event) => {
    if (!open || !(event.target instanceof Element) || !event.target.closest("a, button")) return;
    setOpen(false);
    // What was chosen goes with the menu; a dialog that it opens gives the focus back to here, and so
    // finds it here when it opens.
    button.current?.focus();
  };
  return html`
    <button
      ref=${button}
      type="button"
      class="quiet menu-button"
      aria-expanded=${open}
      aria-controls="menu"
      onClick=${() => setOpen(!open)}
    >
      Menu
    </button>
    <div id="menu" class=${`menu${open ? " open" : ""}`} onClickCapture=${chosen}>${children}</div>
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
  const nav = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // Where the views do not all fit beside one another, the one that is open is in sight.
    const current = nav.current?.querySelector("[aria-current]");
    if (nav.current && current instanceof HTMLElement) {
      nav.current.scrollLeft = current.offsetLeft - (nav.current.clientWidth - current.offsetWidth) / 2;
    }
  }, [here, project]);
  const signOut = async () => {
    // The session of somebody who has signed in elsewhere meanwhile is theirs to end.
    if (!speaksFor(me.name)) {
      onSignedOut();
      return;
    }
    // What waits is not sent on the way out: it is sent when they are back.
    nowSpeaks("");
    try {
      await send("DELETE", "/v1/session");
    } catch (error) {
      // Who is signed out already has what they asked for.
      if (!(error instanceof Refused && error.status === 401)) {
        nowSpeaks(me.name);
        announce(`Not signed out. ${/** @type {Error} */ (error).message}`);
        return;
      }
    }
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
        <nav ref=${nav} aria-label=${project}>
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
        <${Menu}>
          <button type="button" class="quiet" onClick=${() => setSheet(true)} aria-label="Keys">
            ?<span class="in-menu"> Keys</span>
          </button>
          <${Theme} />
          <a href="#/tokens">${me.display_name ?? me.name}</a>
          <button type="button" class="quiet" onClick=${signOut}>Sign out</button>
        <//>
      </div>
    </header>
    <main id="main" tabindex="-1">${children}</main>
    <${KeySheet} open=${sheet} onClose=${() => setSheet(false)} />
  `;
}
