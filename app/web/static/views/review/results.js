import { html } from "../../vendor/preact.js";

/**
 * What became of decisions that were sent together.
 * @param {{decisions: import("./decisions.js").Decisions, show: (id: string) => void}} props
 */
export function ResultsPanel({ decisions, show }) {
  const { results, queue } = decisions;
  if (!results) return null;
  const { done, refused } = results;
  return html`
    <section class="panel results" aria-label="What became of the selected">
      <p role="status">
        ✓ ${done} approved.${refused.length > 0 && ` ✕ ${refused.length} not taken:`}
      </p>
      ${refused.length > 0 &&
      html`
        <ul>
          ${refused.map(
            ({ id, words, why }) => html`
              <li key=${id}>
                <q dir="auto">${words}</q>: ${why.message}
                ${queue.of(id) &&
                html`${" "}<button type="button" onClick=${() => show(id)}>Look at it</button>`}
              </li>
            `,
          )}
        </ul>
      `}
      <button type="button" class="quiet" onClick=${() => decisions.dismiss()}>Close</button>
    </section>
  `;
}
