/** Reading forms, keeping them, and sending them. */

import { staying } from "../router.js";
import { same } from "../state/same.js";
import { useCallback, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { useDraft } from "./draft.js";
import { announceTrouble } from "./trouble.js";

/** @typedef {SubmitEvent & {currentTarget: HTMLFormElement}} Submitted */
/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */

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
 * @param {(form: HTMLFormElement) => Promise<void>} act what it throws is shown, or said where the
 *   form has gone by then
 */
export function useSubmit(act) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState(/** @type {unknown} */ (null));
  const submit = async (/** @type {Submitted} */ event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const isThere = staying(form);
    setBusy(true);
    setRefusal(null);
    try {
      await act(form);
    } catch (failure) {
      setRefusal(failure);
      if (!isThere()) announceTrouble("Not saved", failure);
    }
    setBusy(false);
  };
  return { busy, setBusy, refusal, setRefusal, submit };
}

/**
 * The fields of a form that one fills; files are put there for others.
 * @param {HTMLFormElement} form
 */
function filledOf(form) {
  const all = /** @type {Field[]} */ (/** @type {unknown[]} */ ([...form.elements]));
  return all.filter(({ name, type }) => name && type !== "file");
}

/** Those of them that are kept: passwords never are. @param {HTMLFormElement} form */
function keptOf(form) {
  return filledOf(form).filter(({ type }) => type !== "password");
}

/**
 * What fields say that they did not say of themselves, by their names.
 * @param {Field[]} fields
 * @returns {Record<string, string>} of a box, "on" or nothing
 */
function typedIn(fields) {
  const typed = fields.filter((field) => {
    if (field instanceof HTMLSelectElement) return !field.selectedOptions[0]?.defaultSelected;
    return isBox(field) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
  return Object.fromEntries(typed.map((field) => [field.name, saidIn(field)]));
}

/** What all fields of a form say that one fills. @param {HTMLFormElement} form */
export const allSaid = (form) => filledOf(form).map(saidIn);

/** What a field says; of a box, "on" or nothing. @param {Field} field */
function saidIn(field) {
  return isBox(field) ? (field.checked ? "on" : "") : field.value;
}

/** Have a field say so. @param {Field} field @param {string} said */
function put(field, said) {
  if (isBox(field)) field.checked = said === "on";
  else field.value = said;
}

/** @param {Field} field @returns {field is HTMLInputElement} */
const isBox = (field) => field.type === "checkbox";

/** What was sent and is not answered yet, by its form, which one may have left since. */
/** @type {Map<string, Promise<void>>} */
const underway = new Map();

/**
 * A form whose fields stand until they are taken: after a look elsewhere, too, and a reload.
 * @param {string} me whose form it is
 * @param {string} name which form, and of what
 * @param {(form: HTMLFormElement, isAsSent: () => boolean) => Promise<void>} act sends it; what it
 *   throws is shown; `isAsSent` tells whether nothing has been typed since
 * @param {number} [version] of what the form changes
 */
export function useForm(me, name, act, version = 0) {
  const stands = { fields: /** @type {Record<string, string>} */ ({}), version };
  const [{ fields, version: seen }, keepDraft, isBack, keptNow] = useDraft(me, "form", name, stands);
  const shown = useRef(/** @type {HTMLFormElement | null} */ (null));
  const forget = () => {
    keepDraft(null);
    setRefusal(null);
  };
  const latest = useRef(version);
  latest.current = version;
  const { busy, setBusy, refusal, setRefusal, submit } = useSubmit(async (form) => {
    const sent = allSaid(form);
    const kept = keptNow();
    // Of a form that has gone, which may be there anew, what is kept of it tells.
    const isAsSent = () => (form.isConnected ? same(allSaid(form), sent) : same(keptNow(), kept));
    await act(form, isAsSent);
    if (isAsSent()) {
      forget();
      form.reset();
    } else if (form.isConnected) {
      // What was typed while it was on its way is the beginning of the next, with all that one sees
      // beside it.
      keepOf(form, latest.current);
    }
  });
  const key = `${me}/${name}`;
  const send = (/** @type {Submitted} */ event) => {
    const sending = submit(event).finally(() => underway.delete(key));
    underway.set(key, sending);
  };
  // Before the next click: who left it and comes back finds it as they sent it, and cannot send that
  // twice.
  useLayoutEffect(() => {
    const sending = underway.get(key);
    if (!sending) return;
    const said = () => shown.current && allSaid(shown.current);
    const sent = said();
    setBusy(true);
    void sending.then(() => {
      setBusy(false);
      if (keptNow() === null && sent && same(said(), sent)) shown.current?.reset();
    });
  }, []);
  const keepOf = (/** @type {HTMLFormElement} */ form, /** @type {number} */ version) => {
    const typed = typedIn(keptOf(form));
    keepDraft(Object.keys(typed).length ? { fields: typed, version } : null);
  };
  const keep = () => {
    if (shown.current) keepOf(shown.current, seen);
  };
  // Once, when it is there: it may come after what it is of is loaded.
  const fill = useCallback((/** @type {HTMLFormElement | null} */ form) => {
    shown.current = form;
    for (const field of form ? keptOf(form) : []) {
      const typed = fields[field.name];
      if (typed !== undefined) put(field, typed);
    }
  }, []);
  return {
    busy,
    refusal,
    isBack,
    /** The version of what it changes that was seen when one began to type. */
    seen,
    /** To be called when a field was filled by anything but typing. */
    keep,
    form: { ref: fill, onInput: keep, onReset: forget, onSubmit: send },
  };
}
