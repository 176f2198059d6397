/** @typedef {import("../types").Role} Role */

/** The roles, each with all that those before it may do. */
/** @type {Role[]} */
export const ROLES = ["reader", "annotator", "reviewer", "manager"];

/**
 * Whether a role may do what takes at least another.
 * @param {Role} role
 * @param {Role} least
 */
export function atLeast(role, least) {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
