/** Which labels one has used last in a project: kept in this browser. */

import { keep, recall } from "./kept.js";

/** So many are remembered. */
const MOST = 20;

/** @param {string} project @param {string} me */
const nameOf = (project, me) => `stet.labels.${me}/${project}`;

/**
 * Labels by name, the one that was used last first; the scheme may have them no more.
 * @param {string} project its slug
 * @param {string} me
 * @returns {string[]}
 */
export function recentLabels(project, me) {
  try {
    return JSON.parse(recall(nameOf(project, me)) ?? "[]");
  } catch {
    return [];
  }
}

/**
 * @param {string} project
 * @param {string} me
 * @param {string} label that is used now
 */
export function usedLabel(project, me, label) {
  const others = recentLabels(project, me).filter((one) => one !== label);
  keep(nameOf(project, me), JSON.stringify([label, ...others].slice(0, MOST)));
}
