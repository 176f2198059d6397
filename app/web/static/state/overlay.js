/** What the API has confirmed, with what is on its way laid over it. */

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Relation} Relation */
/** @typedef {{annotations: Map<string, Annotation>, relations: Map<string, Relation>}} Things */

/**
 * @param {Things} confirmed
 * @param {import("./write.js").Write[]} waiting in order
 * @param {{document: {id: string, project: string, revision: number}, me: {name: string}}} at
 * @returns {Things} annotations in text order
 */
export function overlaid(confirmed, waiting, at) {
  const annotations = new Map(confirmed.annotations);
  const relations = new Map(confirmed.relations);
  for (const { method, subject, address, body } of waiting) {
    const given = /** @type {Record<string, any>} */ (body ?? {});
    const here = address.includes(at.document.id);
    if (method === "POST" && here && address.includes("/annotations")) {
      annotations.set(subject, drafted(given, at));
    } else if (method === "POST" && here && address.includes("/relations")) {
      relations.set(subject, /** @type {Relation} */ ({
        document_id: at.document.id,
        author: at.me.name,
        version: 1,
        ...given,
      }));
    } else if (method === "PATCH") {
      const known = annotations.get(subject);
      if (known) annotations.set(subject, { ...known, ...given, status: "pending" });
    } else if (method === "DELETE") {
      relations.delete(subject);
      if (annotations.delete(subject)) {
        for (const [id, { source, target }] of relations) {
          if (source === subject || target === subject) relations.delete(id);
        }
      }
    }
  }
  const sorted = [...annotations.values()].sort(
    (one, other) => one.start - other.start || one.end - other.end || (one.id < other.id ? -1 : 1),
  );
  return { annotations: new Map(sorted.map((one) => [one.id, one])), relations };
}

/**
 * An annotation that only this browser knows.
 * @param {Record<string, any>} given
 * @param {{document: {id: string, project: string, revision: number}, me: {name: string}}} at
 * @returns {Annotation}
 */
function drafted(given, at) {
  const now = new Date().toISOString();
  const said = /** @type {import("./acts.js").Said & {id: string}} */ (given);
  return {
    ...said,
    project: at.document.project,
    document_id: at.document.id,
    revision: at.document.revision,
    external_id: null,
    origin: "human",
    confidence: null,
    author: at.me.name,
    status: "pending",
    decided_by: null,
    decided_at: null,
    version: 1,
    created_at: now,
    updated_at: now,
    warnings: [],
  };
}
