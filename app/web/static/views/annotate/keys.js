import { announce } from "../../parts/announce.js";
import { useKeys } from "../../parts/keys.js";

/** @typedef {import("../../parts/keys.js").Key} Key */

/**
 * What the bench's parts are given.
 * @typedef {object} Given
 * @property {import("../../state/desk.js").Desk} desk
 * @property {import("../../text/paper.js").Paper | null} paper
 * @property {import("../../text/caret.js").Caret | null} caret
 * @property {import("../../types").Annotation | undefined} chosen
 * @property {(id: string) => void} choose
 * @property {import("./bench.js").Purpose | null} purpose
 * @property {(purpose: import("./bench.js").Purpose | null) => void} setPurpose
 * @property {(purpose: import("./bench.js").Purpose) => void} begin
 * @property {boolean} mayWrite
 * @property {boolean} mayEdit the chosen annotation
 */
/** @typedef {Given & ReturnType<typeof import("./tasks.js").useTasks>} Tasks */

/**
 * The key of a label: the scheme's or, if it names none, the number of its place unless another has it.
 * @param {import("../../types").Label[]} labels of the scheme
 * @param {import("../../types").Label} label
 * @returns {string} empty when there is none
 */
export function keyOf(labels, label) {
  const place = labels.indexOf(label) + 1;
  const isFree = place < 10 && labels.every(({ hotkey }) => hotkey !== String(place));
  return label.hotkey ?? (isFree ? String(place) : "");
}

/**
 * The keys of the document view.
 * @param {Tasks} tasks
 * @param {import("../../vendor/preact.js").Ref<HTMLDivElement | null>} host
 */
export function useBenchKeys(tasks, host) {
  const { desk, paper, caret, chosen, choose, purpose, setPurpose, finish, mark } = tasks;
  const ids = [...desk.annotations.keys()];
  /** @param {1 | -1} by */
  const step = (by) => {
    const here = chosen ? ids.indexOf(chosen.id) : nearest();
    const next = ids[chosen ? here + by : here];
    if (next) choose(next);
  };
  const nearest = () => {
    const from = paper?.selection()?.start ?? paper?.inSight().start ?? 0;
    const found = [...desk.annotations.values()].findIndex((one) => one.start >= from);
    return found < 0 ? ids.length - 1 : found;
  };
  // A text higher than the window is on the screen already, where one reads.
  const toText = () => host.current?.focus({ preventScroll: true });
  const leave = () => {
    if (purpose) setPurpose(null);
    else choose("");
    toText();
  };
  const firstField = () => document.querySelector(".card :is(input, select, textarea)");
  const enter = () => {
    if (purpose) finish();
    else /** @type {HTMLElement | null} */ (firstField())?.focus();
  };

  const inText = () => document.activeElement === host.current;
  /** @param {string} key @param {import("../../text/caret.js").Direction} direction @param {import("../../text/caret.js").Step} by @param {string} does @returns {Key} */
  const moving = (key, direction, by, does) => ({
    keys: [key, key.replace(/(Arrow\w+|Home|End)$/, "Shift+$1")],
    does,
    run: (event) => caret?.move(direction, by, event.shiftKey),
    repeats: true,
    when: inText,
  });
  // Before the others, which are the newer ones then, and labels the newest: so a scheme's keys win.
  useKeys("In the text (hold Shift to select)", [
    moving("ArrowRight", "right", "character", "A character on"),
    moving("ArrowLeft", "left", "character", "A character back"),
    moving("Ctrl+ArrowRight", "right", "word", "A word on"),
    moving("Ctrl+ArrowLeft", "left", "word", "A word back"),
    moving("Alt+ArrowRight", "right", "sentence", "A sentence on"),
    moving("Alt+ArrowLeft", "left", "sentence", "A sentence back"),
    moving("ArrowDown", "forward", "line", "A line down"),
    moving("ArrowUp", "backward", "line", "A line up"),
    moving("Home", "backward", "lineboundary", "To the line’s beginning"),
    moving("End", "forward", "lineboundary", "To the line’s end"),
    { keys: ["w"], does: "Select the word; again: one more", run: () => caret?.grow("word"), repeats: true },
    { keys: ["s"], does: "Select the sentence; again: one more", run: () => caret?.grow("sentence"), repeats: true },
    { keys: ["Ctrl+a"], does: "Select the whole text", run: () => paper?.select(0, paper.text.length), when: inText },
  ]);

  /** @type {Key[]} */
  const writing = [
    { keys: ["b"], does: "Move the bounds: then Shift and arrows, and Enter", run: () => chosen && tasks.mayEdit && tasks.moveBounds() },
    { keys: ["f"], does: "Add the selection to the chosen annotation, as another fragment", run: tasks.addFragment },
    { keys: ["Delete", "Backspace"], does: "Withdraw the chosen annotation", run: () => chosen && tasks.mayEdit && tasks.withdraw() },
    { keys: ["Ctrl+z"], does: "Undo", run: () => desk.acts.undo(announce) },
    { keys: ["Ctrl+Shift+z", "Ctrl+y"], does: "Do again", run: () => desk.acts.redo(announce) },
  ];
  useKeys("Annotating", [
    ...(tasks.mayWrite ? writing : []),
    { keys: ["n"], does: "Next annotation", run: () => step(1), repeats: true },
    { keys: ["p"], does: "Previous annotation", run: () => step(-1), repeats: true },
    { keys: ["Enter"], does: "Into the form of the chosen annotation; or use the selection", run: enter },
    { keys: ["Escape"], does: "Back to the text; let go of what is chosen", run: leave },
    { keys: ["t"], does: "Into the text", run: toText },
  ]);
  const labels = desk.scheme.labels.map((label) => ({
    keys: [keyOf(desk.scheme.labels, label)].filter(Boolean),
    does: `Mark the selection as ${label.name}, or make the chosen annotation one`,
    run: () => mark(label.name),
  }));
  useKeys("Labels", tasks.mayWrite ? labels : []);
}
