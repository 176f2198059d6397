/**
 * How far two annotators of one text agree.
 *
 * Each span of one is paired with at most one of the other: first those with the same label and the
 * same bounds, then those with the same label that share the most characters, of equals the first in
 * the text, then those with the same bounds under another label. What is left stands alone.
 */

/** @typedef {{start: number, end: number}} Bounds */
/**
 * What is compared: a span or, when it has fragments, those alone.
 * @typedef {Bounds & {id: string, label: string, fragments: Bounds[] | null}} Marked
 */
/** @typedef {"agree" | "bounds" | "label" | "first" | "second"} Kind */

/**
 * A span of each, or of one alone. `bounds` and `label` are what differs where they agree partly;
 * `first` and `second` are who alone has it.
 * @template {Marked} T
 * @typedef {{kind: Kind, first: T | null, second: T | null, start: number}} Pair
 */

/**
 * The harmonic mean of precision and recall, whichever of the two is taken as the measure: twice
 * the pairs that match, divided by the spans of both (van Rijsbergen 1979, chapter 7). `exact`
 * counts the same label and bounds; `overlapping` the same label and a shared character. Null where
 * neither has a span.
 * @typedef {{exact: number | null, overlapping: number | null}} F1
 */

/** @param {Marked} span */
function partsOf(span) {
  return span.fragments ?? [span];
}

/**
 * How many characters two spans share, in the unit of their offsets.
 * @param {Marked} one
 * @param {Marked} other
 */
export function shared(one, other) {
  let sum = 0;
  for (const a of partsOf(one)) {
    for (const b of partsOf(other)) {
      sum += Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
    }
  }
  return sum;
}

/** @param {Marked} span */
function place(span) {
  return partsOf(span)
    .map(({ start, end }) => `${start}-${end}`)
    .join(" ");
}

/**
 * By place in the text; only of spans that have one place does the id decide.
 * @param {Marked} one
 * @param {Marked} other
 */
function inTextOrder(one, other) {
  return (
    one.start - other.start ||
    one.end - other.end ||
    inOrder(place(one), place(other)) ||
    inOrder(one.id, other.id)
  );
}

/**
 * @param {string} one
 * @param {string} other
 */
function inOrder(one, other) {
  return Number(one > other) - Number(one < other);
}

/**
 * Pair what has the same key, and take it out of both.
 * @template {Marked} T
 * @param {T[]} firsts
 * @param {T[]} seconds
 * @param {(span: T) => string} key
 * @returns {[T, T][]}
 */
function alike(firsts, seconds, key) {
  /** @type {Map<string, T[]>} */
  const byKey = new Map();
  for (const one of seconds) byKey.set(key(one), [...(byKey.get(key(one)) ?? []), one]);
  /** @type {[T, T][]} */
  const found = [];
  for (const one of [...firsts]) {
    const other = byKey.get(key(one))?.shift();
    if (!other) continue;
    found.push([one, other]);
    firsts.splice(firsts.indexOf(one), 1);
    seconds.splice(seconds.indexOf(other), 1);
  }
  return found;
}

/**
 * Pair what overlaps under one label, the greatest overlap first, and take it out of both, which
 * are in text order.
 * @template {Marked} T
 * @param {T[]} firsts
 * @param {T[]} seconds
 * @returns {[T, T][]}
 */
function overlapping(firsts, seconds) {
  const candidates = firsts.flatMap((one) =>
    seconds
      .filter((other) => other.label === one.label && other.start < one.end && one.start < other.end)
      .map((other) => ({ one, other, size: shared(one, other) }))
      .filter(({ size }) => size > 0),
  );
  // Of equals, those that come first in the text stay first.
  candidates.sort((a, b) => b.size - a.size);
  /** @type {[T, T][]} */
  const found = [];
  for (const { one, other } of candidates) {
    if (!firsts.includes(one) || !seconds.includes(other)) continue;
    found.push([one, other]);
    firsts.splice(firsts.indexOf(one), 1);
    seconds.splice(seconds.indexOf(other), 1);
  }
  return found;
}

/**
 * Pair the spans of two annotators.
 * @template {Marked} T
 * @param {readonly T[]} firsts
 * @param {readonly T[]} seconds
 * @returns {Pair<T>[]} in text order
 */
export function paired(firsts, seconds) {
  // What is saved while the page is open comes last in a list, and the measure is of the spans alone.
  const [left, right] = [[...firsts].sort(inTextOrder), [...seconds].sort(inTextOrder)];
  const both = /** @type {const} */ ([
    ["agree", alike(left, right, (span) => `${span.label} ${place(span)}`)],
    ["bounds", overlapping(left, right)],
    ["label", alike(left, right, place)],
  ]);
  /** @type {Pair<T>[]} */
  const pairs = [];
  for (const [kind, found] of both) {
    for (const [first, second] of found) {
      pairs.push({ kind, first, second, start: Math.min(first.start, second.start) });
    }
  }
  for (const first of left) pairs.push({ kind: "first", first, second: null, start: first.start });
  for (const second of right) pairs.push({ kind: "second", first: null, second, start: second.start });
  return pairs.sort((one, other) => one.start - other.start);
}

/**
 * @param {readonly Pair<Marked>[]} pairs
 * @returns {F1}
 */
export function f1(pairs) {
  let [spans, exact, partly] = [0, 0, 0];
  for (const { kind, first, second } of pairs) {
    spans += (first ? 1 : 0) + (second ? 1 : 0);
    if (kind === "agree") exact += 1;
    if (kind === "bounds") partly += 1;
  }
  if (!spans) return { exact: null, overlapping: null };
  return { exact: (2 * exact) / spans, overlapping: (2 * (exact + partly)) / spans };
}
