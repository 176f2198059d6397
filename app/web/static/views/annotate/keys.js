import { announce } from "../../parts/announce.js";
import { useKeys } from "../../parts/keys.js";
import { html } from "../../vendor/preact.js";
import { useHere } from "./here.js";
import { OWN } from "./own_keys.js";

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
/** @typedef {ReturnType<typeof import("./labels.js").useLabelChoice>} Choice */
/** @typedef {Given & Choice & ReturnType<typeof import("./tasks.js").useTasks>} Tasks */

/** On a Mac a keyboard has no Home and no End: arrows do it, with the command key. */
const IS_MAC = /^Mac/.test(navigator.platform);

/**
 * A key of the page's own, by itself and with Alt.
 * @param {keyof typeof OWN} key
 * @param {() => void} run
 * @param {boolean} [repeats]
 * @returns {Key}
 */
const own = (key, run, repeats = false) => ({ keys: [key, `Alt+${key}`], does: OWN[key], run, repeats });

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
 * A key of the page's own as it can be pressed: with Alt, where a label has taken it.
 * @param {{labels: import("../../types").Label[], name: keyof typeof OWN}} props
 */
export function OwnKey({ labels, name }) {
  const isTaken = labels.some(({ hotkey }) => hotkey === name);
  return html`${isTaken && html`<kbd>Alt</kbd>`}<kbd>${name}</kbd>`;
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
    const at = chosen ? ids.indexOf(chosen.id) : nearest();
    const next = ids[chosen ? at + by : at];
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

  const here = useHere(desk, paper, caret);
  const inText = () => document.activeElement === host.current;
  /** @param {string[]} keys @param {import("../../text/caret.js").Direction} direction @param {import("../../text/caret.js").Step} by @param {string} does @returns {Key} */
  const movingBy = (keys, direction, by, does) => ({
    keys: keys.flatMap((key) => [key, key.replace(/\w+$/, "Shift+$&")]),
    does,
    run: (event) => here.following(() => caret?.move(direction, by, event.shiftKey)),
    repeats: true,
    when: inText,
  });
  /** @param {string} key @param {import("../../text/caret.js").Direction} direction @param {import("../../text/caret.js").Step} by @param {string} does */
  const moving = (key, direction, by, does) => movingBy([key], direction, by, does);
  const end = (/** @type {string[]} */ ...keys) => keys.slice(0, IS_MAC ? 2 : 1);
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
    moving("PageDown", "forward", "page", "A window’s height down"),
    moving("PageUp", "backward", "page", "A window’s height up"),
    movingBy(end("Ctrl+Home", "Ctrl+ArrowUp"), "backward", "text", "To the text’s beginning"),
    movingBy(end("Ctrl+End", "Ctrl+ArrowDown"), "forward", "text", "To the text’s end"),
    own("w", () => caret?.grow("word"), true),
    own("s", () => caret?.grow("sentence"), true),
    { keys: ["Ctrl+a"], does: "Select the whole text", run: () => paper?.select(0, paper.text.length), when: inText },
  ]);

  /** @type {Key[]} */
  const writing = [
    { keys: ["/"], does: "Choose a label by a part of its name", run: tasks.offerLabels, when: () => !purpose },
    own("b", tasks.moveBounds),
    own("f", tasks.addFragment),
    { keys: ["Delete", "Backspace"], does: "Withdraw the chosen annotation", run: tasks.withdraw },
    { keys: ["Ctrl+z"], does: "Undo", run: () => desk.acts.undo(announce) },
    { keys: ["Ctrl+Shift+z", "Ctrl+y"], does: "Do again", run: () => desk.acts.redo(announce) },
  ];
  useKeys("Annotating", [
    ...(tasks.mayWrite ? writing : []),
    own("n", () => step(1), true),
    own("p", () => step(-1), true),
    own("h", here.tell),
    { keys: ["Enter"], does: "Into the form of the chosen annotation; or use the selection", run: enter },
    { keys: ["Escape"], does: "Back to the text; let go of what is chosen", run: leave },
    own("t", toText),
  ]);
  const labels = desk.scheme.labels.map((label) => ({
    keys: [keyOf(desk.scheme.labels, label)].filter(Boolean),
    does: `Mark the selection as ${label.name}, or make the chosen annotation one`,
    run: () => mark(label.name),
  }));
  useKeys("Labels", tasks.mayWrite ? labels : []);
}
