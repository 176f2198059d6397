import { h, useState } from "../vendor/preact.js";

/**
 * A field that is taken when one leaves it. Until then it shows what is typed, whatever happens
 * around it meanwhile.
 * @param {{element?: "input" | "textarea", value: string | number, version: number,
 *   onTaken: (typed: string, seen?: number) => void, [attribute: string]: unknown}} props
 *   `version` is of what the value is a part of. `onTaken` is told which one was seen when typing
 *   began, if the value has been changed since by somebody else.
 */
export function Typed({ element = "input", value, version, onTaken, ...attributes }) {
  const [typing, setTyping] = useState(
    /** @type {{typed: string, value: string | number, version: number} | null} */ (null),
  );
  const type = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const typed = event.currentTarget.value;
    setTyping((begun) => ({ value, version, ...begun, typed }));
  };
  const take = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const moved = typing && typing.value !== value;
    onTaken(event.currentTarget.value, moved ? typing.version : undefined);
  };
  return h(element, {
    ...attributes,
    value: typing?.typed ?? value,
    onInput: type,
    onChange: take,
    onBlur: () => setTyping(null),
  });
}
