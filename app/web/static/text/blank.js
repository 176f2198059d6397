/** A character that a reader sees, by the API's rule of what a comment or a title needs. */
const SEEN = /[^\p{White_Space}\p{Cc}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * Whether a reader sees nothing of a text, so that it says nothing.
 * @param {string} text
 */
export const isBlank = (text) => !SEEN.test(text);
