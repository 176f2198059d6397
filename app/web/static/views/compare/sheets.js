/** The text with what two annotators marked: twice side by side, or once with two lanes. */

import { canPaint } from "../../text/ink.js";
import { Paper } from "../../text/paper.js";
import { html, useEffect, useMemo, useRef, useState } from "../../vendor/preact.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Label} Label */

const NARROW = matchMedia("(max-width: 60rem)");

function useNarrow() {
  const [narrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const changed = () => setNarrow(NARROW.matches);
    NARROW.addEventListener("change", changed);
    return () => NARROW.removeEventListener("change", changed);
  }, []);
  return narrow;
}

/**
 * @typedef {object} SheetProps
 * @property {string} text
 * @property {Label[]} labels
 * @property {Annotation[]} painted in their labels' looks
 * @property {[Annotation[], Annotation[]]} [lanes] painted by who made them, not by label
 * @property {Annotation[]} chosen
 * @property {number | null} sight an offset that is to be in sight
 */

/** @param {SheetProps} props */
function Sheet({ text, labels, painted, lanes, chosen, sight }) {
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const paper = useRef(/** @type {Paper | null} */ (null));
  useEffect(() => {
    if (!host.current) return;
    const made = new Paper(host.current, text, labels);
    paper.current = made;
    return () => made.close();
  }, [text, labels]);
  useEffect(() => {
    paper.current?.paint(painted);
    paper.current?.mark("first", lanes?.[0] ?? []);
    paper.current?.mark("second", lanes?.[1] ?? []);
  }, [text, labels, painted, lanes]);
  useEffect(() => paper.current?.mark("chosen", chosen), [text, labels, chosen]);
  useEffect(() => {
    // Only who goes to another difference is led there; what comes meanwhile moves nothing.
    if (sight !== null) paper.current?.reveal(sight);
  }, [text, labels, sight]);
  return html`<div class="text" ref=${host}></div>`;
}

/** @type {Annotation[]} */
const NONE = [];

/**
 * Both columns hold the same text at the same width, so they scroll together by themselves.
 * @param {{text: string, labels: Label[], people: [string, string],
 *   spans: [Annotation[], Annotation[]],
 *   held: import("../../state/agreement.js").Pair<Annotation> | undefined}} props
 */
export function Sheets({ text, labels, people, spans, held }) {
  const narrow = useNarrow();
  const [first, second] = [held?.first, held?.second];
  const chosen = useMemo(
    () => [first ? [first] : NONE, second ? [second] : NONE],
    [first, second],
  );
  const both = useMemo(() => chosen.flat(), [chosen]);
  if (!canPaint) {
    return html`<p class="trouble">
      This browser cannot paint spans: it lacks the CSS Custom Highlight API. The list says all the same
      where they agree and differ.
    </p>`;
  }
  const sight = held?.start ?? null;
  if (narrow) {
    return html`
      <div class="sheets one">
        <section>
          <h2>Both</h2>
          <p class="keys-of-lanes">
            <span class="lane-first">${people[0]}</span>, <span class="lane-second">${people[1]}</span>
          </p>
          <${Sheet}
            text=${text}
            labels=${labels}
            painted=${NONE}
            lanes=${spans}
            chosen=${both}
            sight=${sight}
          />
        </section>
      </div>
    `;
  }
  return html`
    <div class="sheets">
      ${people.map(
        (name, index) => html`
          <section key=${index}>
            <h2>${name}</h2>
            <${Sheet}
              text=${text}
              labels=${labels}
              painted=${spans[index]}
              chosen=${chosen[index]}
              sight=${index === 0 ? sight : null}
            />
          </section>
        `,
      )}
    </div>
  `;
}
