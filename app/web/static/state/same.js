/**
 * Whether two values say the same, however they are nested.
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
export function same(one, other) {
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) =>
    same(
      /** @type {Record<string, unknown>} */ (one)[name],
      /** @type {Record<string, unknown>} */ (other)[name],
    ),
  );
}
