/**
 * A quote that fits on a line.
 * @param {string} quote
 */
export function short(quote) {
  const characters = [...quote];
  return characters.length > 40 ? `${characters.slice(0, 38).join("")}…` : quote;
}
