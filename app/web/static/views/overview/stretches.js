/** Days gathered into weeks or months, so that there are not more columns than can be seen. */

/** @typedef {import("../../types").Progress} Progress */
/** @typedef {Progress["days"][number]} Day */
/** @typedef {"day" | "week" | "month"} Length */
/** @typedef {{begins: string, days: Day[]}} Stretch */

const DAY = 86_400_000;
/** How many columns there are at most of days, and of weeks. */
const MOST = 92;

/**
 * All stretches from the first day to the last, those without anything too.
 * @param {Day[]} days oldest first, at least one
 * @returns {{length: Length, stretches: Stretch[]}}
 */
export function stretchesOf(days) {
  const first = Date.parse(days[0]?.day ?? "");
  const last = Date.parse(days.at(-1)?.day ?? "");
  const span = (last - first) / DAY + 1;
  const length = span <= MOST ? "day" : span <= 7 * MOST ? "week" : "month";
  /** @type {Map<string, Stretch>} */
  const found = new Map();
  for (let at = begin(first, length); at <= last; at = after(at, length)) {
    const begins = written(at);
    found.set(begins, { begins, days: [] });
  }
  for (const day of days) found.get(written(begin(Date.parse(day.day), length)))?.days.push(day);
  return { length, stretches: [...found.values()] };
}

/** @param {number} at */
function written(at) {
  return new Date(at).toISOString().slice(0, 10);
}

/** @param {number} at a day @param {Length} length */
function begin(at, length) {
  const day = new Date(at);
  if (length === "week") return at - ((day.getUTCDay() + 6) % 7) * DAY;
  if (length === "month") return Date.UTC(day.getUTCFullYear(), day.getUTCMonth());
  return at;
}

/** @param {number} at @param {Length} length */
function after(at, length) {
  if (length === "month") {
    const day = new Date(at);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1);
  }
  return at + (length === "week" ? 7 : 1) * DAY;
}
