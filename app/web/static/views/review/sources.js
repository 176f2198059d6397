/** What stands around an annotation, as the API has it. */

import { Refused, all, call, get, path } from "../../api.js";
import { historyOf } from "./history.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").History} History */
/** @typedef {import("../../types").Relation} Relation */
/** @typedef {import("../../types").TextDocument} TextDocument */

/** So many documents are kept, the newest: a queue goes through one after the other. */
const KEPT = 20;

/** @type {Map<string, Promise<TextDocument>>} */
const documents = new Map();

/**
 * A document with the text of one revision, fetched once.
 * @param {string} id
 * @param {number} revision
 * @returns {Promise<TextDocument>}
 */
export function documentOf(id, revision) {
  const key = `${id} ${revision}`;
  const found = documents.get(key) ?? fetched(id, revision);
  documents.delete(key);
  documents.set(key, found);
  found.catch(() => documents.delete(key));
  for (const oldest of [...documents.keys()].slice(0, -KEPT)) documents.delete(oldest);
  return found;
}

/** @param {string} id @param {number} revision @returns {Promise<TextDocument>} */
async function fetched(id, revision) {
  const document = await get(path`/v1/documents/${id}`);
  if (document.revision === revision) return document;
  // A span is a place in its own revision's text, and in no other.
  const older = await call("GET", path`/v1/documents/${id}/text?revision=${String(revision)}`);
  return { ...document, revision, text: await older.text() };
}

/**
 * A relation of an annotation, seen from it: `other` is at the other end, null if it is gone.
 * @typedef {{relation: Relation, outward: boolean, other: Annotation | null}} Tie
 */

/**
 * @param {Annotation} annotation
 * @param {{start: number, end: number}} stretch of its text
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string, others: Annotation[], ties: Tie[], history: History}>} the other
 *   annotations in the stretch, the relations and the history of the annotation `id`
 */
export async function aroundOf(annotation, { start, end }, signal) {
  const { id, document_id: document } = annotation;
  const within = `start=${start}&end=${end}&offset_unit=utf16`;
  const [others, relations, history] = await Promise.all([
    all(`${path`/v1/documents/${document}/annotations`}?${within}`, { signal }),
    all(path`/v1/documents/${document}/relations`, { signal }),
    historyOf(id, { signal }),
  ]);
  const ties = relations
    .filter((/** @type {Relation} */ { source, target }) => source === id || target === id)
    .map((/** @type {Relation} */ relation) => tieOf(relation, id, others, signal));
  return {
    id,
    others: others.filter((other) => other.id !== id && other.revision === annotation.revision),
    ties: await Promise.all(ties),
    history,
  };
}

/**
 * @param {Relation} relation
 * @param {string} id of the end that is looked from
 * @param {Annotation[]} known
 * @param {AbortSignal} signal
 * @returns {Promise<Tie>}
 */
async function tieOf(relation, id, known, signal) {
  const outward = relation.source === id;
  const end = outward ? relation.target : relation.source;
  const here = known.find((one) => one.id === end);
  if (here) return { relation, outward, other: here };
  try {
    const other = await get(path`/v1/annotations/${end}?offset_unit=utf16`, { signal });
    return { relation, outward, other };
  } catch (error) {
    // Withdrawn between the two answers: the relation goes with it.
    if (error instanceof Refused && error.status === 410) return { relation, outward, other: null };
    throw error;
  }
}
