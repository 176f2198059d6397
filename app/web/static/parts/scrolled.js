import { useEffect, useRef } from "../vendor/preact.js";

/**
 * A list that keeps its current row in sight. Only the list is scrolled: the page stays where it is.
 * @param {string} held what is current
 * @returns {import("../vendor/preact.js").Ref<HTMLElement | null>} for the list
 */
export function useScrolled(held) {
  const pane = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const row = pane.current?.querySelector("[aria-current], [aria-selected=true]");
    if (!pane.current || !row) return;
    const [box, seen] = [row.getBoundingClientRect(), pane.current.getBoundingClientRect()];
    // A list may reach below the window; room for one row is taken for granted.
    const bottom = Math.max(seen.top + box.height, Math.min(seen.bottom, innerHeight));
    if (box.top < seen.top) pane.current.scrollTop -= seen.top - box.top;
    else if (box.bottom > bottom) pane.current.scrollTop += box.bottom - bottom;
  }, [held]);
  return pane;
}
