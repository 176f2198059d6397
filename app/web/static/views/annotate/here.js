import { announce, whisper } from "../../parts/announce.js";
import { STATUSES } from "../../parts/status.js";
import { short } from "../../text/short.js";
import { useEffect, useRef } from "../../vendor/preact.js";

/** So many spans are told of in full, and so many named. */
const TOLD = 4;
const NAMED = 3;
/** A caret that is moved on within so many milliseconds has not come to rest. */
const REST = 150;

/** @typedef {import("../../text/paper.js").Painted} Painted */

/**
 * Where the caret is, for people who do not see what is painted in the text: a highlight is no part of
 * what a screen reader is given.
 * @param {import("../../state/desk.js").Desk} desk
 * @param {import("../../text/paper.js").Paper | null} paper
 * @param {import("../../text/caret.js").Caret | null} caret
 */
export function useHere(desk, paper, caret) {
  const resting = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  /** The spans around the caret when it began to move. */
  const before = useRef(/** @type {Painted[] | null} */ (null));
  useEffect(() => () => clearTimeout(resting.current), []);

  const around = () => {
    const focus = paper?.ends()?.focus;
    return paper && focus !== undefined ? paper.over(focus) : [];
  };
  const rest = () => {
    const [from, now] = [before.current ?? [], around()];
    before.current = null;
    const left = from.filter(({ id }) => now.every((one) => one.id !== id));
    const entered = now.filter(({ id }) => from.every((one) => one.id !== id));
    if (!left.length && !entered.length) return;
    const depth = entered.length && now.length > 1 ? ` ${now.length} nested.` : "";
    whisper([named("Out of", left), named("In", entered)].filter(Boolean).join(" ") + depth);
  };
  return {
    /**
     * Run what moves the caret and, once it has come to rest, say which spans it has entered and left.
     * @param {() => void} move
     */
    following: (move) => {
      before.current ??= around();
      move();
      clearTimeout(resting.current);
      resting.current = setTimeout(rest, REST);
    },
    /** Say what is marked at the caret, or in what is selected. */
    tell: () => {
      if (!paper || !caret) return;
      const { anchor, focus } = caret.place();
      const [start, end] = [Math.min(anchor, focus), Math.max(anchor, focus)];
      const found = start === end ? paper.over(start) : paper.over(start, end);
      const told = found.slice(0, TOLD).flatMap(({ id }) => {
        const one = desk.annotation(id);
        if (!one) return [];
        return `${one.label}, ${STATUSES[one.status].name}, by ${one.author}: “${short(one.quote)}”.`;
      });
      const count = found.length > 1 ? [`${found.length} spans.`] : [];
      const more = found.length > TOLD ? [`And ${found.length - TOLD} more.`] : [];
      announce([...count, ...told, ...more].join(" ") || "Nothing is marked here.");
    },
  };
}

/**
 * The labels of spans, in a few words.
 * @param {string} said before them
 * @param {Painted[]} spans
 */
function named(said, spans) {
  if (!spans.length) return "";
  const labels = spans.slice(0, NAMED).map(({ label }) => label);
  const more = spans.length > NAMED ? ` and ${spans.length - NAMED} more` : "";
  return `${said} ${labels.join(", ")}${more}.`;
}
