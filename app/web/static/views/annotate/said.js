import { trimmed, whole } from "../../text/bounds.js";

/**
 * A span cut from a text: without white space at its ends, and splitting no character.
 * @param {string} text
 * @param {{start: number, end: number}} bounds
 * @returns {import("../../types").Span | null} null when nothing is left
 */
export function cut(text, bounds) {
  const { start, end } = trimmed(text, whole(text, bounds));
  return start < end ? { start, end, quote: text.slice(start, end) } : null;
}
