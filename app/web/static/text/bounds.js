/** Where words, sentences and characters begin and end, as readers of the language see them. */

/** @typedef {{start: number, end: number}} Bounds */

/** A segmenter looks at so much of a text around an offset, in UTF-16 code units. */
const AROUND = 2_000;

/** @type {Map<string, Intl.Segmenter>} */
const segmenters = new Map();

/**
 * @param {"grapheme" | "word" | "sentence"} granularity
 * @param {string | null} language BCP 47
 */
function segmenter(granularity, language) {
  const key = `${granularity} ${language}`;
  let found = segmenters.get(key);
  if (!found) {
    try {
      found = new Intl.Segmenter(language ?? undefined, { granularity });
    } catch {
      // A tag that is well formed may still be unknown to the browser.
      found = new Intl.Segmenter(undefined, { granularity });
    }
    segmenters.set(key, found);
  }
  return found;
}

/**
 * Without the white space at both ends; a span of white space alone is empty.
 * @param {string} text
 * @param {Bounds} bounds
 * @returns {Bounds}
 */
export function trimmed(text, { start, end }) {
  const words = text.slice(start, end);
  const from = start + words.length - words.trimStart().length;
  return { start: Math.min(from, end), end: Math.max(from, start + words.trimEnd().length) };
}

/**
 * Bounds that split no character of the reader's: no pair of surrogates, no letter and its mark.
 * @param {string} text
 * @param {Bounds} bounds
 * @returns {Bounds}
 */
export function whole(text, { start, end }) {
  const before = unit(text, start, "grapheme", null);
  const behind = unit(text, end, "grapheme", null);
  return {
    start: before && before.start < start ? before.start : start,
    end: behind && behind.start < end ? behind.end : end,
  };
}

/**
 * The word, sentence or character that an offset stands in; null at the text's end.
 * @param {string} text
 * @param {number} offset
 * @param {"grapheme" | "word" | "sentence"} granularity
 * @param {string | null} language BCP 47
 * @returns {Bounds | null}
 */
export function unit(text, offset, granularity, language) {
  const from = paragraphStart(text, offset);
  const line = text.indexOf("\n", offset);
  const to = Math.min(line < 0 ? text.length : line, offset + AROUND);
  const found = segmenter(granularity, language)
    .segment(text.slice(from, to))
    .containing(offset - from);
  return found ? { start: from + found.index, end: from + found.index + found.segment.length } : null;
}

/**
 * The first word or sentence that ends behind an offset: what only stands between words is passed.
 * @param {string} text
 * @param {number} offset
 * @param {"word" | "sentence"} granularity
 * @param {string | null} language BCP 47
 * @returns {Bounds | null} null when the text ends first
 */
export function following(text, offset, granularity, language) {
  for (let at = offset; at < text.length; ) {
    const found = unit(text, at, granularity, language);
    if (found && /[\p{L}\p{M}\p{N}\p{Emoji}]/u.test(text.slice(found.start, found.end))) return found;
    at = found ? found.end : at + 1;
  }
  return null;
}

/** @param {string} text @param {number} offset */
function paragraphStart(text, offset) {
  const line = offset > 0 ? text.lastIndexOf("\n", offset - 1) + 1 : 0;
  const far = offset - AROUND;
  if (line >= far) return line;
  // Not in the middle of a pair of surrogates.
  return text.charCodeAt(far) >> 10 === 0x37 ? far + 1 : far;
}
