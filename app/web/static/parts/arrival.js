import { keepPlace, kept, place } from "../router.js";
import { useEffect, useRef } from "../vendor/preact.js";

// Views come in after their address: what the browser would scroll is not there yet.
history.scrollRestoration = "manual";

/** A page that is scrolled has come to rest after so long, in milliseconds. */
const REST = 100;

/**
 * Begin at the top of a view that one comes to, and where one was in a view that one comes back to.
 * The focus goes into it, if what had the focus is gone with the view before it.
 * @param {string} shown the path of the view's address
 */
export function useArrival(shown) {
  const first = useRef(true);
  useEffect(() => {
    const main = document.querySelector("main");
    if (!main || !shown) return undefined;
    if (!first.current && document.activeElement === document.body) {
      main.focus({ preventScroll: true });
    }
    first.current = false;
    // A text finds its place by itself.
    const top = kept().line === undefined ? (kept().top ?? 0) : 0;
    const isThere = () => scrollY >= top - 1;
    scrollTo(0, top);
    // It may grow to that height only as it is loaded.
    const growing = new ResizeObserver(() => {
      if (!isThere()) scrollTo(0, top);
      else leave();
    });
    let looking = top === 0;
    const leave = () => {
      growing.disconnect();
      looking = true;
    };
    if (top) growing.observe(main);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let waiting;
    const look = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        if (looking && place().parts.join("/") === shown) keepPlace({ top: scrollY });
      }, REST);
    };
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener("scroll", look, { passive: true, signal });
    // Whoever moves by themselves is not moved any more.
    for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      addEventListener(kind, leave, { passive: true, capture: true, signal });
    }
    return () => {
      clearTimeout(waiting);
      growing.disconnect();
      listening.abort();
    };
  }, [shown]);
}
