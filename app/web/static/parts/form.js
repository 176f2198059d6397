/** Reading forms. */

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
