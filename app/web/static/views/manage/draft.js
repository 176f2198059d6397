import { newId } from "../../api.js";

/**
 * A scheme that is being edited. Each thing in it keeps the name that it had (`was`; none for what
 * is new) and a key of its own, so that a new name is known for one.
 */

/** @typedef {import("../../types").Scheme} Scheme */
/** @typedef {import("../../types").Label} Label */
/** @typedef {import("../../types").Attribute} Attribute */
/** @typedef {import("../../types").RelationType} RelationType */
/** @typedef {{key: string, was: string | null}} Edited */
/** @typedef {Attribute & Edited} EditedAttribute */
/** @typedef {Omit<Label, "attributes"> & {attributes: EditedAttribute[]} & Edited} EditedLabel */
/** @typedef {RelationType & Edited} EditedRelation */
/** @typedef {{name: string, labels: EditedLabel[], relations: EditedRelation[]}} Draft */

/**
 * Something new, or read from a text.
 * @template {{name: string}} T
 * @param {T} thing
 * @param {{name: string}[]} known those that the stored scheme has
 * @returns {T & Edited}
 */
export function edited(thing, known = []) {
  const was = known.some(({ name }) => name === thing.name) ? thing.name : null;
  return { ...thing, key: newId(), was };
}

/**
 * A scheme to be edited.
 * @param {Pick<Scheme, "name" | "labels" | "relations">} scheme
 * @param {Pick<Scheme, "labels" | "relations">} stored
 * @returns {Draft}
 */
export function drafted(scheme, stored) {
  return {
    name: scheme.name,
    labels: (scheme.labels ?? []).map((label) => {
      const before = stored.labels.find(({ name }) => name === label.name);
      const attributes = (label.attributes ?? []).map((one) => edited(one, before?.attributes));
      return { ...edited(label, stored.labels), attributes };
    }),
    relations: (scheme.relations ?? []).map((one) => edited(one, stored.relations)),
  };
}

/**
 * A draft as an edit of a newer scheme than the one that it began with.
 * @param {Draft} draft
 * @param {Pick<Scheme, "labels" | "relations">} stored
 * @returns {Draft}
 */
export function rebased(draft, stored) {
  /**
   * @template {{name: string} & Edited} T
   * @param {T} thing
   * @param {{name: string}[]} [known]
   */
  const under = (thing, known = []) => {
    const names = known.map(({ name }) => name);
    const was = [thing.was, thing.name].find((name) => name !== null && names.includes(name));
    return { ...thing, was: was ?? null };
  };
  return {
    ...draft,
    labels: draft.labels.map((label) => {
      const moved = under(label, stored.labels);
      const before = stored.labels.find(({ name }) => name === moved.was);
      const attributes = label.attributes.map((one) => under(one, before?.attributes));
      return { ...moved, attributes };
    }),
    relations: draft.relations.map((one) => under(one, stored.relations)),
  };
}

/** The scheme as it is edited as JSON. @param {Draft} draft */
export function asText(draft) {
  return JSON.stringify(written(draft), null, 2);
}

/**
 * The scheme as it is sent: without what is empty, and without what only the page knows.
 * @param {Draft} draft
 */
export function written({ name, labels, relations }) {
  return {
    name,
    labels: labels.map((label) => ({
      ...bare(label),
      attributes: label.attributes.map((attribute) => bare(attribute)),
    })),
    relations: relations.map((relation) => bare(relation)),
  };
}

/** @param {Edited & Record<string, any>} thing */
function bare({ key: _key, was: _was, ...said }) {
  return Object.fromEntries(
    Object.entries(said).filter(([, value]) => value !== "" && value !== undefined),
  );
}

/**
 * A scheme from the text that somebody wrote.
 * @param {string} text
 * @param {Pick<Scheme, "labels" | "relations">} stored
 * @returns {Draft}
 * @throws {Error} when it is not JSON, or nothing like a scheme
 */
export function read(text, stored) {
  const said = JSON.parse(text);
  const lists = [said?.labels, said?.relations ?? []];
  if (!lists.every(Array.isArray)) throw new Error("A scheme has a list of labels.");
  return drafted(said, stored);
}
