import { Refused, get } from "../api.js";
import { html, useRef } from "../vendor/preact.js";
import { announce } from "./announce.js";

/**
 * A link to a file. A browser that is refused one says nothing: so it is asked before whether the
 * session has ended, which is told to all.
 * @param {{href: string, [attribute: string]: unknown}} props
 */
export function Download(props) {
  const asked = useRef(false);
  const click = async (/** @type {MouseEvent & {currentTarget: HTMLAnchorElement}} */ event) => {
    if (asked.current) return;
    event.preventDefault();
    const link = event.currentTarget;
    try {
      await get("/v1/me");
    } catch (error) {
      const ended = error instanceof Refused && error.status === 401;
      if (!ended) announce(`Not downloaded. ${/** @type {Error} */ (error).message}`);
      return;
    }
    asked.current = true;
    link.click();
    asked.current = false;
  };
  return html`<a download ...${props} onClick=${click}>Download</a>`;
}
