/** The labels of a scheme that has many: which are at hand, and how one is found by its name. */

import { Combobox } from "../../parts/combobox.js";
import { LabelName } from "../../parts/label.js";
import { recentLabels } from "../../state/recent.js";
import { html, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";
import { keyOf } from "./keys.js";

/** @typedef {import("../../types").Label} Label */
/** @typedef {import("../../state/desk.js").Desk} Desk */
/** @typedef {import("../../text/paper.js").Paper} Paper */

/** So many labels stand above the text together; of more, those that are used. */
export const TOGETHER = 15;
const AT_HAND = 6;

/**
 * The labels, those that one has used last first.
 * @param {Desk} desk
 */
function byUse({ scheme, document, me }) {
  const recent = recentLabels(document.project, me.name).map((name) =>
    scheme.labels.find((one) => one.name === name),
  );
  return [...new Set([...recent.filter((one) => one !== undefined), ...scheme.labels])];
}

/**
 * The labels that have a button: in the scheme's order, so that a button moves only for another label.
 * @param {Desk} desk
 */
export function atHand(desk) {
  const { labels } = desk.scheme;
  if (labels.length <= TOGETHER) return labels;
  const used = new Set(byUse(desk).slice(0, AT_HAND));
  return labels.filter((one) => used.has(one));
}

/**
 * The labels that fit what is typed: those that begin with it, then those with all of it in their
 * name, then in what is said of them.
 * @param {Label[]} labels
 * @param {string} typed
 */
function fitting(labels, typed) {
  const wanted = typed.trim().toLowerCase();
  const words = wanted.split(/\s+/);
  const holds = (/** @type {string} */ said) => words.every((word) => said.includes(word));
  const rank = ({ name = "", description = "" }) => {
    const said = name.toLowerCase();
    if (said.startsWith(wanted)) return 0;
    if (holds(said)) return 1;
    return holds(`${said} ${description.toLowerCase()}`) ? 2 : 3;
  };
  const ranked = labels.map((label) => ({ label, rank: rank(label) }));
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.flatMap(({ label, rank }) => (rank < 3 ? [label] : []));
}

/**
 * The choice of a label by its name. What is selected in the text is remembered meanwhile: the field
 * in which one types has a selection of its own.
 * @param {Paper | null} paper
 * @param {import("../../vendor/preact.js").Ref<HTMLElement | null>} host
 * @param {import("../../vendor/preact.js").Ref<{start: number, end: number} | null>} touched
 */
export function useLabelChoice(paper, host, touched) {
  const [choosing, setChoosing] = useState(false);
  const held = useRef(/** @type {{anchor: number, focus: number} | null} */ (null));
  const offerLabels = () => {
    const at = touched.current;
    held.current = at ? { anchor: at.start, focus: at.end } : (paper?.ends() ?? null);
    setChoosing(true);
  };
  useLayoutEffect(() => {
    const { anchor, focus } = held.current ?? { anchor: 0, focus: 0 };
    const span = { start: Math.min(anchor, focus), end: Math.max(anchor, focus) };
    paper?.mark("selected", choosing ? [span] : []);
  }, [paper, choosing]);
  /** Back to the text, and to what was selected in it. */
  const backToText = () => {
    setChoosing(false);
    host.current?.focus({ preventScroll: true });
    if (held.current) paper?.select(held.current.anchor, held.current.focus);
  };
  return { choosing, offerLabels, backToText, stopChoosing: () => setChoosing(false) };
}

/**
 * @param {{desk: Desk, mark: (label: string) => void, backToText: () => void,
 *   stopChoosing: () => void}} props
 */
export function LabelChooser({ desk, mark, backToText, stopChoosing }) {
  const [typed, setTyped] = useState("");
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => box.current?.scrollIntoView({ block: "nearest" }), []);
  const { labels } = desk.scheme;
  const offers = fitting(byUse(desk), typed).map((label) => ({
    key: label.name,
    shown: html`
      <${LabelName} labels=${labels} name=${label.name} />
      ${keyOf(labels, label) && html`<kbd>${keyOf(labels, label)}</kbd>`}
      ${label.description && html`<small>${label.description}</small>`}
    `,
  }));
  const take = (/** @type {string} */ name) => {
    backToText();
    mark(name);
  };
  return html`
    <div class="label-chooser" ref=${box}>
      <${Combobox}
        id="labels-offered"
        name="Label: type a part of its name"
        typed=${typed}
        onTyped=${setTyped}
        open=${true}
        offers=${offers}
        none="No label fits."
        onTake=${take}
        onLeave=${backToText}
        onBlur=${stopChoosing}
        focused=${true}
      />
    </div>
  `;
}
