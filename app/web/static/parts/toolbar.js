import { useLayoutEffect, useRef } from "../vendor/preact.js";

/**
 * Makes a row of buttons one stop of the Tab key, in which the arrow keys lead from tool to tool
 * (https://www.w3.org/WAI/ARIA/apg/patterns/toolbar/).
 * @returns what its element is given
 */
export function useToolbar() {
  const bar = useRef(/** @type {HTMLDivElement | null} */ (null));
  const last = useRef(/** @type {Element | null} */ (null));
  const all = () => [...(bar.current?.querySelectorAll("button") ?? [])];
  /** The stop is the tool that had the focus last or, if that is of no use any more, the first. */
  const settle = () => {
    const tools = all().filter((one) => !one.disabled);
    const stop = tools.find((one) => one === last.current) ?? tools[0];
    for (const one of all()) one.tabIndex = one === stop ? 0 : -1;
    return stop;
  };
  useLayoutEffect(() => {
    const stop = settle();
    // What is disabled by its own use leaves the focus in the bar.
    const { activeElement: at } = document;
    if (at instanceof HTMLButtonElement && at === last.current && at.disabled) stop?.focus();
  });
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    // Asked only here: to know what is seen, a browser works out how all of a page looks.
    const tools = all().filter((one) => !one.disabled && one.checkVisibility());
    const at = tools.findIndex((one) => one === document.activeElement);
    if (at < 0) return;
    /** @type {Record<string, number>} */
    const leads = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const to = leads[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tools.at(to === tools.length ? 0 : to)?.focus();
  };
  const onFocusCapture = (/** @type {{target: Element}} */ { target }) => {
    last.current = target;
    settle();
  };
  return { ref: bar, role: "toolbar", onKeyDown: pressed, onFocusCapture };
}
