import { Refused } from "../api.js";
import { html } from "../vendor/preact.js";

/**
 * What went wrong, in the words of the problem.
 * @param {{error: unknown, again?: () => void}} props
 */
export function Trouble({ error, again }) {
  const said = error instanceof Error ? error.message : String(error);
  const code = error instanceof Refused ? error.code : "";
  return html`
    <div class="trouble" role="alert">
      <p>
        ${said}${" "}
        ${code && html`<a href=${`/problems/${code}`} target="_blank" rel="noopener">Why?</a>`}
      </p>
      ${again && html`<button type="button" onClick=${again}>Try again</button>`}
    </div>
  `;
}
