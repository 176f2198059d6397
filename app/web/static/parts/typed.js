import { h, useState } from "../vendor/preact.js";

/**
 * A field that is taken when one leaves it. Until then it shows what is typed, whatever happens
 * around it meanwhile.
 * @param {{element?: "input" | "textarea", value: string | number, onTaken: (typed: string) => void,
 *   [attribute: string]: unknown}} props
 */
export function Typed({ element = "input", value, onTaken, ...attributes }) {
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const take = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    setTyped(null);
    onTaken(event.currentTarget.value);
  };
  return h(element, {
    ...attributes,
    value: typed ?? value,
    onInput: (/** @type {{currentTarget: HTMLInputElement}} */ event) =>
      setTyped(event.currentTarget.value),
    onChange: take,
  });
}
