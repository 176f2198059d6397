import { isComposed } from "../../parts/keys.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";

/** Where there is no room for anything beside the text, as annotate.css has it. */
const narrow = matchMedia("(max-width: 60rem)");

/** Whether the text takes the whole width of the window. */
export const isNarrow = () => narrow.matches;

/**
 * What is at hand of the annotations: beside the text or, on a narrow screen, in a drawer at the
 * bottom of the window, where the text above it can still be read and selected.
 * @param {{
 *   chosen: import("../../types").Annotation | undefined, others: string, letGo: (() => void) | null,
 *   paper: import("../../text/paper.js").Paper | null, children?: unknown,
 * }} props `others` names what is in it besides the chosen annotation, empty for nothing; `letGo` is
 *   null when what is in it has to be finished first
 */
export function Drawer({ chosen, others, letGo, paper, children }) {
  const drawer = useRef(/** @type {HTMLDivElement | null} */ (null));
  // The other things that were there when it was closed: what comes later opens it again.
  const [shut, setShut] = useState("");
  const open = Boolean(chosen) || (others !== "" && others !== shut);
  const close = () => {
    setShut(others);
    letGo?.();
  };
  /** Keep a place in the text above the drawer. @param {number} offset */
  const clear = (offset) => {
    if (!paper || !drawer.current || !narrow.matches) return;
    const { top } = drawer.current.getBoundingClientRect();
    const at = paper.box(offset);
    if (at.bottom > top - 48) scrollBy({ top: at.top - top / 2 });
  };
  useLayoutEffect(() => {
    if (!open || !chosen) return;
    clear(chosen.start);
    const side = drawer.current?.parentElement;
    if (!side || narrow.matches) return;
    // What is chosen in the list further down is told of above it; who goes by keys sees where they are.
    const focused = side.querySelector(":focus-visible");
    if (focused) focused.scrollIntoView({ block: "nearest" });
    else side.scrollTop = 0;
  }, [open, chosen?.id, paper]);
  useEffect(() => {
    if (!open || !paper) return undefined;
    const moved = () => {
      const { focusNode, focusOffset } = getSelection() ?? {};
      if (!focusNode || document.activeElement !== paper.host) return;
      const offset = paper.offset(focusNode, focusOffset ?? 0);
      if (offset !== null) clear(offset);
    };
    // After the keys themselves, which move the caret when they come down.
    addEventListener("keydown", moved);
    return () => removeEventListener("keydown", moved);
  }, [open, paper]);
  const left = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && !isComposed(event) && letGo) setShut(others);
  };
  return html`
    <div
      ref=${drawer}
      class=${`drawer${open ? " open" : ""}`}
      onKeyDown=${left}
    >
      ${letGo &&
      open &&
      html`
        <div class="close">
          <button type="button" class="quiet" onClick=${close}>
            <span aria-hidden="true">✕</span> Close
          </button>
        </div>
      `}
      ${children}
    </div>
  `;
}
