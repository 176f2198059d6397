import { useEffect, useRef } from "../vendor/preact.js";

/**
 * Do something when a part of the page goes: with its view, or with the whole page.
 * @param {() => void} leave as it was last given
 */
export function useLeaving(leave) {
  const latest = useRef(leave);
  latest.current = leave;
  useEffect(() => {
    const left = () => latest.current();
    addEventListener("pagehide", left);
    return () => {
      removeEventListener("pagehide", left);
      left();
    };
  }, []);
}
