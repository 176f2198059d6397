import { html } from "../../vendor/preact.js";
import { useScrolled } from "../../parts/scrolled.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../state/agreement.js").Kind} Kind */
/** @typedef {import("../../state/agreement.js").Pair<Annotation>} Pair */

/** So much of a quote, in UTF-16 code units, fills the two lines that it has. */
const SHOWN = 200;

/** The kinds of pairs with their signs; a name is put where one alone has the span. */
/** @type {Record<Kind, {sign: string, name: (first: string, second: string) => string}>} */
export const KINDS = {
  agree: { sign: "=", name: () => "agree" },
  bounds: { sign: "≈", name: () => "agree partly: other bounds" },
  label: { sign: "≈", name: () => "agree partly: another label" },
  first: { sign: "≠", name: (first) => `differ: only ${first}` },
  second: { sign: "≠", name: (_, second) => `differ: only ${second}` },
};

/** @param {Pair} pair */
export function nameOf({ first, second }) {
  return `${first?.id} ${second?.id}`;
}

/**
 * Where the two agree and differ, in text order.
 * @param {{pairs: Pair[], people: [string, string], held: string, differing: number,
 *   choose: (name: string) => void, step: (by: 1 | -1) => void}} props
 */
export function PairList({ pairs, people, held, differing, choose, step }) {
  const pane = useScrolled(held);
  return html`
    <section class="pairs" aria-label="Where they agree and differ">
      <div class="row" role="group" aria-label="Differences">
        <button type="button" disabled=${!differing} onClick=${() => step(-1)}>
          <span aria-hidden="true">↑</span> Previous <kbd aria-hidden="true">p</kbd>
        </button>
        <button type="button" disabled=${!differing} onClick=${() => step(1)}>
          <span aria-hidden="true">↓</span> Next <kbd aria-hidden="true">n</kbd>
        </button>
      </div>
      <ol ref=${pane}>
        ${pairs.map(
          (pair) => html`
            <li key=${nameOf(pair)}>
              <button
                type="button"
                class="quiet"
                aria-current=${nameOf(pair) === held ? "true" : undefined}
                onClick=${() => choose(nameOf(pair))}
              >
                <${Described} pair=${pair} people=${people} />
              </button>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}

/** @param {{pair: Pair, people: [string, string]}} props */
function Described({ pair: { kind, first, second }, people }) {
  const { sign, name } = KINDS[kind];
  const [one, other] = [first ?? second, second ?? first];
  return html`
    <span class="kind"><span aria-hidden="true">${sign}</span> ${name(...people)}</span>
    <span class="words" dir="auto">${one?.quote.slice(0, SHOWN)}</span>
    ${kind === "bounds" && html`<span class="words" dir="auto">${other?.quote.slice(0, SHOWN)}</span>`}
    <span class="about">${kind === "label" ? `${first?.label} or ${second?.label}` : one?.label}</span>
  `;
}
