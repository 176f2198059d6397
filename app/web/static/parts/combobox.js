import { html, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { isComposed } from "./keys.js";
import { useScrolled } from "./scrolled.js";

/**
 * A field that offers what fits what is typed in it: arrows lead through the offers, Enter takes one
 * (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/).
 * @param {{
 *   id: string, name: string, typed: string, onTyped: (typed: string) => void, open: boolean,
 *   offers: {key: string, shown: unknown}[], pending?: boolean, none: string, onTake: (key: string) => void,
 *   onLeave: () => void, onFocus?: () => void, onBlur: () => void, focused?: boolean, placeholder?: string,
 * }} props `name` is what it asks for; `pending` while other
 *   offers are on their way, and no key takes one of these; `none` is said when nothing is offered; `onLeave` is called by
 *   Escape, and `onBlur` when the focus goes elsewhere; `focused` whether it has the focus at once
 */
export function Combobox(props) {
  const { id, name, typed, onTyped, open, offers, pending, none, onTake, onLeave } = props;
  const [at, setAt] = useState(0);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const current = open && !pending ? offers[Math.min(at, offers.length - 1)] : undefined;
  const list = useScrolled(current?.key ?? "");
  // Both before the next key: by an effect after painting, an arrow would be taken back.
  useLayoutEffect(() => {
    if (props.focused) field.current?.focus();
  }, []);
  // What is offered now is another list, and begins anew; the next key leads on from there.
  useLayoutEffect(() => setAt(0), [typed, open]);
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (isComposed(event) || !open) return;
    const { length } = offers;
    const here = Math.min(at, length - 1);
    /** @type {Record<string, () => void>} */
    const does = {
      ArrowDown: () => current && setAt((here + 1) % length),
      ArrowUp: () => current && setAt((here + length - 1) % length),
      Enter: () => current && onTake(current.key),
      Escape: onLeave,
    };
    const run = does[event.key];
    if (!run) return;
    // Only the offers are left: what is chosen in the view stays chosen.
    event.preventDefault();
    run();
  };
  const left = () => {
    // A window that another one covers for a moment is not left.
    if (document.activeElement !== field.current) props.onBlur();
  };
  return html`
    <input
      ref=${field}
      type="text"
      role="combobox"
      aria-label=${name}
      aria-expanded=${open}
      aria-controls=${id}
      aria-autocomplete="list"
      aria-activedescendant=${current ? `${id}-${offers.indexOf(current)}` : undefined}
      autocomplete="off"
      spellcheck=${false}
      placeholder=${props.placeholder ?? name}
      maxlength="1000"
      value=${typed}
      onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) =>
        onTyped(event.currentTarget.value)}
      onKeyDown=${pressed}
      onFocus=${props.onFocus}
      onBlur=${left}
    />
    <ul
      ref=${list}
      id=${id}
      class="offers"
      role="listbox"
      aria-label=${name}
      hidden=${!open || !offers.length}
      onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}
    >
      ${open &&
      offers.map(
        (one, index) => html`
          <li
            key=${one.key}
            id=${`${id}-${index}`}
            role="option"
            aria-selected=${one === current}
            onClick=${() => onTake(one.key)}
          >
            ${one.shown}
          </li>
        `,
      )}
    </ul>
    <p class="no-offer" role="status">${open && !pending && !offers.length ? none : ""}</p>
  `;
}
