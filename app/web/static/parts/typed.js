import { h, useRef, useState } from "../vendor/preact.js";
import { useLeaving } from "./leaving.js";

/**
 * A field that is taken when one leaves it, or when it goes. Until then it shows what is typed, whatever happens
 * around it meanwhile.
 * @param {{element?: "input" | "textarea", value: string | number, version?: number | undefined,
 *   onTaken: (typed: string, seen?: number) => void, [attribute: string]: unknown}} props
 *   `version` is of what the value is a part of; a part of a draft, which has none, is taken with each
 *   key. `onTaken` is told which one was seen: that when typing began, if the value has been changed
 *   since by somebody else.
 */
export function Typed({ element = "input", value, version, onTaken, ...attributes }) {
  const [typing, setTyping] = useState(
    /** @type {{typed: string, value: string | number, version: number | undefined} | null} */ (null),
  );
  // What is not taken yet; null when all is.
  const left = useRef(/** @type {string | null} */ (null));
  const type = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const typed = event.currentTarget.value;
    left.current = typed;
    setTyping((begun) => ({ value, version, ...begun, typed }));
    if (version === undefined) take();
  };
  const take = () => {
    if (left.current === null) return;
    const moved = typing && typing.value !== value;
    onTaken(left.current, moved ? typing.version : version);
    left.current = null;
  };
  useLeaving(take);
  return h(element, {
    ...attributes,
    value: typing?.typed ?? value,
    onInput: type,
    onChange: take,
    onBlur: () => {
      left.current = null;
      setTyping(null);
    },
  });
}
