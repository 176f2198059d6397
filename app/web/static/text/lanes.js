/**
 * Which of overlapping spans is underlined how far below the text.
 *
 * A span gets the first lane that no span overlapping it from before has: of two that overlap, each
 * is underlined by itself.
 * @param {Iterable<{id: string, start: number, end: number}>} spans
 * @returns {Map<string, number>} lanes by id, from 0
 */
export function lanes(spans) {
  // The longer one comes first, and so lies closer to the text; the id makes it the same each time.
  const sorted = [...spans].sort(
    (one, other) => one.start - other.start || other.end - one.end || (one.id < other.id ? -1 : 1),
  );
  /** @type {number[]} */
  const ends = [];
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const { id, start, end } of sorted) {
    let lane = ends.findIndex((taken) => taken <= start);
    if (lane < 0) lane = ends.length;
    ends[lane] = end;
    found.set(id, lane);
  }
  return found;
}
