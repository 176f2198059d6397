import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { keep, recall } from "../work/kept.js";
import { Dialog } from "./dialog.js";

/**
 * A key and what it does. `keys` are as KeyboardEvent.key says them, with `Ctrl+`, `Alt+` and
 * `Shift+` before them where those are held; `Ctrl+` is the command key too, on a Mac.
 * @typedef {{keys: string[], does: string, run: (event: KeyboardEvent) => void}} Key
 */

/** @type {Map<symbol, {group: string, keys: Key[]}>} */
const registered = new Map();
const SETTING = "stet.single-keys";

/** Whether keys without Ctrl or Alt do anything: who speaks to their machine may turn them off. */
let singleKeys = recall(SETTING) !== "off";

/**
 * Keys that work while a view is shown, and stand on the sheet of keys.
 * @param {string} group the heading that they stand under
 * @param {Key[]} keys
 */
export function useKeys(group, keys) {
  const name = useRef(Symbol(group)).current;
  // Later views come first: the newest answer to a key is the one that is meant.
  registered.set(name, { group, keys });
  useEffect(() => {
    return () => {
      registered.delete(name);
    };
  }, []);
}

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const held = [
    (event.ctrlKey || event.metaKey) && "Ctrl",
    event.altKey && "Alt",
    // A letter or a sign says itself whether shift was held.
    event.shiftKey && (event.key.length > 1 || event.ctrlKey || event.metaKey) && "Shift",
  ];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = event.shiftKey && event.key.length === 1 && !event.ctrlKey ? event.key : key;
  return [...held.filter(Boolean), letter].join("+");
}

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const said = nameOf(event);
  const target = event.target instanceof Element ? event.target : document.body;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (target.closest(TYPING) && said !== "Escape" && plain) return;
  // What lies below a dialog is not meant.
  if (document.querySelector("dialog[open]")) return;
  if (plain && event.key.length === 1 && !singleKeys) return;
  // Enter and the space bar belong to what has the focus.
  if (target.closest("button, a[href], summary") && (said === "Enter" || said === " ")) return;
  for (const { keys } of [...registered.values()].reverse()) {
    for (const key of keys) {
      if (key.keys.includes(said)) {
        event.preventDefault();
        key.run(event);
        return;
      }
    }
  }
}
addEventListener("keydown", pressed);

/** @param {string} key */
function written(key) {
  const names = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space" };
  return key.split(/\+(?=.)/).map((part) => names[/** @type {keyof typeof names} */ (part)] ?? part);
}

/**
 * The sheet of all keys that work where one is, opened by `?`.
 * @param {{open: boolean, onClose: () => void}} props
 */
export function KeySheet({ open, onClose }) {
  const [on, setOn] = useState(singleKeys);
  if (!open) return null;
  const groups = [...registered.values()].filter((one) => one.keys.length > 0);
  return html`
    <${Dialog} title="Keys" onClose=${onClose}>
      <label class="check">
        <input
          type="checkbox"
          checked=${on}
          onChange=${() => {
            singleKeys = !on;
            keep(SETTING, singleKeys ? "on" : "off");
            setOn(singleKeys);
          }}
        />
        Keys without Ctrl or Alt work
      </label>
      ${groups.map(
        ({ group, keys }) => html`
          <section>
            <h3>${group}</h3>
            <dl class="keys">
              ${keys.map(
                (key) => html`
                  <dt>
                    ${key.keys.map((one, index) => [
                      index > 0 && " or ",
                      written(one).map((part) => html`<kbd>${part}</kbd>`),
                    ])}
                  </dt>
                  <dd>${key.does}</dd>
                `,
              )}
            </dl>
          </section>
        `,
      )}
    <//>
  `;
}
