import { html, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { keep, recall } from "../state/kept.js";
import { Dialog } from "./dialog.js";

/**
 * A key and what it does.
 * @typedef {object} Key
 * @property {string[]} keys as KeyboardEvent.key says them, with `Ctrl+`, `Alt+` and `Shift+` before
 *   them where those are held; `Ctrl+` is the command key too, on a Mac
 * @property {string} does
 * @property {(event: KeyboardEvent) => void} run
 * @property {boolean} [repeats] whether it goes on while it is held, as what moves does
 * @property {boolean} [inFields] whether it is meant while one types, too; Escape always is
 * @property {() => boolean} [when] whether it does something now; if not, others may have the key
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
  registered.set(name, { group, keys });
  // With the view: by another effect, its keys would work on until the next is painted.
  useLayoutEffect(() => {
    return () => {
      registered.delete(name);
    };
  }, []);
}

/** Of several answers to one key, the newest is the one that is meant. */
function newestFirst() {
  return [...registered.values()].reverse();
}

/**
 * The keys as they work: what a newer one has taken is not there.
 * @returns {{group: string, keys: Key[]}[]}
 */
function working() {
  /** @type {Set<string>} */
  const taken = new Set();
  const groups = newestFirst().map(({ group, keys }) => {
    const left = keys.map((key) => {
      const free = key.keys.filter((one) => !taken.has(one));
      // What works only now and then leaves the key to others.
      if (!key.when) for (const one of free) taken.add(one);
      return { ...key, keys: free };
    });
    return { group, keys: left.filter((key) => key.keys.length > 0) };
  });
  return groups.filter(({ keys }) => keys.length > 0);
}

/**
 * What a key writes. Letters and digits of a layout that is not Latin are known by their place, and so
 * is what Alt makes of them on a Mac: another sign, or one that waits for the next key.
 * @param {KeyboardEvent} event
 */
function signOf(event) {
  const { key, code, shiftKey } = event;
  const isAlt = event.altKey && !event.ctrlKey;
  if (isAlt ? /^[a-z0-9]$/i.test(key) : key <= "~" || event.getModifierState("AltGraph")) return key;
  if (key.length > 1 && key !== "Dead") return key;
  const [, letter, digit] = /^(?:Key(.)|Digit(.))$/.exec(code) ?? [];
  return letter ?? (shiftKey ? key : (digit ?? key));
}

/**
 * What a key is called in `keys`.
 * @param {KeyboardEvent} event
 */
function nameOf(event) {
  const command = event.ctrlKey || event.metaKey;
  const sign = signOf(event);
  const isNamed = sign.length > 1;
  // A letter or a sign says itself whether shift was held.
  const saysShift = !isNamed && !command;
  const held = [
    command && "Ctrl",
    event.altKey && "Alt",
    event.shiftKey && !saysShift && "Shift",
  ];
  const cased = event.shiftKey && saysShift ? sign.toUpperCase() : sign.toLowerCase();
  return [...held.filter(Boolean), isNamed ? sign : cased].join("+");
}

/**
 * Whether a key belongs to what is composed of several, as by an input method. Of the Enter or Escape
 * that ends it, Safari says so by its number alone.
 * @param {KeyboardEvent} event
 */
export const isComposed = ({ isComposing, keyCode }) => isComposing || keyCode === 229;

const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/** Whether the focus is in a field, which it is not to be taken from. */
export function isTyping() {
  return document.activeElement?.matches(TYPING) ?? false;
}

/**
 * The field that was typed in last, until one has gone elsewhere.
 * @type {Element | null}
 */
let field = null;
addEventListener("focusin", ({ target }) => {
  field = target instanceof Element && target.matches(TYPING) ? target : null;
});
addEventListener("pointerdown", () => {
  field = null;
});
// What was typed in it is sent: it may go.
addEventListener("submit", () => (field = null), { capture: true });
// What helps people to use a page may change one field while the focus is in another.
addEventListener("change", ({ target }) => {
  if (target !== field) field = null;
});

/**
 * Whether the field in which one types was taken away, or shut, by what somebody else did: what is
 * typed on is meant for it, and not for the page.
 */
function typesOn() {
  return field !== null && (!field.isConnected || field.matches(":disabled"));
}

/**
 * What is meant by a key, here and now.
 * @param {KeyboardEvent} event
 */
function meant(event) {
  // What lies below a dialog is not meant.
  if (document.querySelector("dialog[open]")) return undefined;
  // By Escape one leaves the field, whether it is there or not.
  if (event.key === "Escape") field = null;
  if (typesOn()) return undefined;
  const said = nameOf(event);
  const target = event.target instanceof Element ? event.target : document.body;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && event.key.length === 1 && !singleKeys) return undefined;
  // Enter and the space bar belong to what has the focus.
  if (target.closest("button, a[href], summary") && (said === "Enter" || said === " ")) return undefined;
  const typing = target.closest(TYPING) !== null && said !== "Escape";
  return newestFirst()
    .flatMap(({ keys }) => keys)
    .find((key) => key.keys.includes(said) && (!typing || key.inFields) && (key.when?.() ?? true));
}

/**
 * The key that is held down since it did something, by its place. Its repeats are not typed into a
 * field that it has led to.
 * @type {string | null}
 */
let held = null;

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.defaultPrevented || isComposed(event)) return;
  if (!event.repeat) held = null;
  const key = meant(event);
  if (key || held === event.code) event.preventDefault();
  if (!key || (event.repeat && !key.repeats)) return;
  held = event.code;
  key.run(event);
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
      ${working().map(
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
