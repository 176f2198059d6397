const number = new Intl.NumberFormat();

/**
 * So many of something.
 * @param {number} count
 * @param {string} noun of one; more of them end with an s
 */
export const counted = (count, noun) => `${number.format(count)} ${noun}${count === 1 ? "" : "s"}`;
