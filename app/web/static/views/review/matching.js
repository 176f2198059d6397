/** @typedef {import("../../types").Annotation} Annotation */

/**
 * Which annotations are in a queue; what is empty does not narrow. `quote` is a part of the quote,
 * whatever its case.
 * @typedef {{status: import("../../types").Status, label: string, author: string, document: string,
 *   quote: string, origin: Annotation["origin"] | ""}} Filter
 */

/**
 * Whether an annotation that the log tells of is in the queue.
 * @param {Filter} filter
 * @param {Annotation} annotation
 */
export function matches(filter, { status, label, author, document_id, quote, origin }) {
  return (
    status === filter.status &&
    (!filter.label || label === filter.label) &&
    (!filter.author || author === filter.author) &&
    (!filter.document || document_id === filter.document) &&
    (!filter.origin || origin === filter.origin) &&
    quote.toLowerCase().includes(filter.quote.toLowerCase())
  );
}
