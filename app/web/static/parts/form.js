/** Reading forms, and sending them. */

import { useState } from "../vendor/preact.js";

/** @typedef {SubmitEvent & {currentTarget: HTMLFormElement}} Submitted */

/**
 * The texts of a form by their names, without white space at their ends; files are left out.
 * @param {HTMLFormElement} form
 * @returns {Record<string, string>}
 */
export function fieldsOf(form) {
  const given = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  return Object.fromEntries(given.map(([name, value]) => [name, String(value).trim()]));
}

/**
 * What the API takes, for a field that asks for it: a browser then says so before anything is sent.
 * White space at the ends is left out by `fieldsOf`.
 * @param {string} pattern
 * @param {string} title in words
 */
const shape = (pattern, title) => ({ pattern: `\\s*(${pattern})\\s*`, title });
export const SLUG = shape(
  "[a-z0-9]([a-z0-9\\-]{0,62}[a-z0-9])?",
  "Up to 64 lower-case letters, digits and hyphens; no hyphen at its ends.",
);
export const USER_NAME = shape(
  "[a-z0-9]([a-z0-9._\\-]{0,62}[a-z0-9])?",
  "Up to 64 lower-case letters, digits, dots, hyphens and underscores, with a letter or digit at its ends.",
);
export const RELEASE_NAME = shape(
  "[a-z0-9][a-z0-9._\\-]{0,99}",
  "Up to 100 lower-case letters, digits, dots, hyphens and underscores, beginning with a letter or digit.",
);
export const LANGUAGE = shape(
  "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*|[XxIi](-[A-Za-z0-9]{1,8})+",
  "A tag such as en, uk or pt-BR.",
);

/**
 * The text of a file.
 * @param {File} file
 * @throws {Error} when it is not UTF-8
 */
export async function textOf(file) {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not a text in UTF-8.`);
  }
}

/**
 * What a form does when it is sent: once at a time, however often its button is pressed.
 * @param {(form: HTMLFormElement) => Promise<void>} act
 */
export function useSubmit(act) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(/** @type {unknown} */ (null));
  const submit = async (/** @type {Submitted} */ event) => {
    event.preventDefault();
    setBusy(true);
    setRefusal(null);
    try {
      await act(event.currentTarget);
    } catch (failure) {
      setRefusal(failure);
    }
    setBusy(false);
  };
  return { busy, refusal, submit };
}
