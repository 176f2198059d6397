import { Refused } from "../api.js";
import { html } from "../vendor/preact.js";
import { announce } from "./announce.js";

/** @param {unknown} error */
const saidOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Say what went wrong with something that has gone from the page, and shows it no more.
 * @param {string} what
 * @param {unknown} error
 */
export function announceTrouble(what, error) {
  const moved = error instanceof Refused && error.status === 412;
  announce(`${what}: ${moved ? "It was changed meanwhile." : saidOf(error)}`);
}

/**
 * What went wrong, in the words of the problem.
 * @param {{error: unknown, again?: () => void}} props
 */
export function Trouble({ error, again }) {
  const code = error instanceof Refused ? error.code : "";
  return html`
    <div class="trouble" role="alert">
      <p>
        ${saidOf(error)}${" "}
        ${code && html`<a href=${`/problems/${code}`} target="_blank" rel="noopener">Why?</a>`}
      </p>
      ${again && html`<button type="button" onClick=${again}>Try again</button>`}
    </div>
  `;
}
