/** What an edited scheme says otherwise than the stored one. */

/** @typedef {import("../../types").Scheme} Scheme */
/** @typedef {import("../../types").Attribute} Attribute */
/** @typedef {import("../../types").Label} Label */
/** @typedef {import("../../types").RelationType} RelationType */
/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Edited} Edited */
/** @typedef {{sign: "+" | "−" | "~", what: string}} Difference */

/**
 * @param {Pick<Scheme, "name" | "labels" | "relations">} stored
 * @param {Draft} draft
 * @returns {Difference[]} added (+), removed (−), changed (~), in the order of the scheme
 */
export function differences(stored, draft) {
  // A label that is called otherwise is still the same end of a relation.
  const names = new Map(draft.labels.map(({ was, name }) => [was, name]));
  /** @param {string[]} ends */
  const now = (ends) => ends.map((end) => names.get(end) ?? end);
  return [
    ...(stored.name === draft.name
      ? []
      : [changed(`the scheme is called “${draft.name}” instead of “${stored.name}”`)]),
    ...compared("label", stored.labels, draft.labels, (before, after, name) => [
      ...fields(name, before, after, ["description", "color", "hotkey"]),
      ...compared(`attribute of ${name}:`, before.attributes ?? [], after.attributes, inAttribute),
    ]),
    ...compared("relation", stored.relations, draft.relations, (before, after, name) => [
      ...fields(name, before, after, ["description", "symmetric"]),
      ...lists(`sources of ${name}`, now(before.source), after.source),
      ...lists(`targets of ${name}`, now(before.target), after.target),
    ]),
  ];
}

/**
 * Something that stored annotations or relations may rely on, and that an edited scheme lacks:
 * `label` is the one that those annotations have, empty where the loss is one of relations.
 * @typedef {{what: string, label: string, ofLabel: boolean}} Loss
 */

/**
 * What an edited scheme takes away or asks for anew. Annotations and relations know all of it by
 * name, so a new name takes the old one away.
 * @param {Pick<Scheme, "labels" | "relations">} stored
 * @param {Pick<Scheme, "labels" | "relations">} edited
 * @returns {Loss[]} `ofLabel` where the label itself is lost, and so each of its annotations touched
 */
export function losses(stored, edited) {
  return [
    ...stored.labels.flatMap((before) => {
      const label = before.name;
      const after = edited.labels.find(({ name }) => name === label);
      if (!after) return [{ what: `There is no label “${label}” any more`, label, ofLabel: true }];
      const said = lostAttributes(before.attributes ?? [], after.attributes ?? []);
      return said.map((what) => ({ what: `${what} (label “${label}”)`, label, ofLabel: false }));
    }),
    ...stored.relations
      .flatMap((before) => lostEnds(before, edited))
      .map((what) => ({ what, label: "", ofLabel: false })),
  ];
}

/**
 * @param {RelationType} before
 * @param {Pick<Scheme, "labels" | "relations">} edited
 * @returns {string[]}
 */
function lostEnds(before, edited) {
  const { name } = before;
  const after = edited.relations.find((one) => one.name === name);
  if (!after) return [`There is no relation “${name}” any more`];
  /** @param {"source" | "target"} end */
  const lost = (end) =>
    before[end]
      .filter((label) => !after[end].includes(label))
      // A label that is lost itself is told of already.
      .filter((label) => edited.labels.some((one) => one.name === label))
      .map((label) => `Relation “${name}” has no ${end} “${label}” any more`);
  return [...lost("source"), ...lost("target")];
}

/**
 * @param {Attribute[]} before
 * @param {Attribute[]} after
 * @returns {string[]}
 */
function lostAttributes(before, after) {
  const kept = before.flatMap((old) => {
    const { name } = old;
    const next = after.find((one) => one.name === name);
    if (!next) return [`There is no attribute “${name}” any more`];
    if (next.type !== old.type) return [`Attribute “${name}” is of another type`];
    return (old.values ?? [])
      .filter((value) => !next.values?.includes(value))
      .map((value) => `Attribute “${name}” has no value “${value}” any more`);
  });
  const needed = after
    .filter(({ name, required }) => required && !before.some((old) => old.name === name && old.required))
    .map(({ name }) => `Attribute “${name}” is required now`);
  return [...kept, ...needed];
}

/** @param {string} what @returns {Difference} */
const changed = (what) => ({ sign: "~", what });

/** What things are called where the API's own name for it says little. */
/** @type {Record<string, string>} */
const CALLED = { color: "colour", hotkey: "key" };

/**
 * @template {{name: string}} T
 * @template {{name: string} & Edited} D
 * @param {string} kind
 * @param {T[]} before
 * @param {D[]} after
 * @param {(before: T, after: D, name: string) => Difference[]} within
 * @returns {Difference[]}
 */
function compared(kind, before, after, within) {
  /** @type {Difference[]} */
  const found = [];
  for (const thing of before) {
    if (!after.some(({ was }) => was === thing.name)) {
      found.push({ sign: "−", what: `${kind} “${thing.name}”` });
    }
  }
  for (const thing of after) {
    const old = before.find(({ name }) => name === thing.was);
    if (!old) {
      found.push({ sign: "+", what: `${kind} “${thing.name}”` });
      continue;
    }
    if (old.name !== thing.name) {
      found.push(changed(`${kind} “${old.name}” is called “${thing.name}”`));
    }
    found.push(...within(old, thing, `“${thing.name}”`));
  }
  const kept = after.filter(({ was }) => was !== null).map(({ was }) => was);
  const order = before.map(({ name }) => name).filter((name) => kept.includes(name));
  if (found.length === 0 && kept.join("\n") !== order.join("\n")) {
    found.push(changed(`the order of each ${kind.replace(/:$/, "")}`));
  }
  return found;
}

/**
 * @param {import("../../types").Attribute} before
 * @param {import("./draft.js").EditedAttribute} after
 * @param {string} name
 */
function inAttribute(before, after, name) {
  return [
    ...fields(name, before, after, ["type", "required", "description"]),
    ...lists(`values of ${name}`, before.values ?? [], after.values ?? []),
  ];
}

/**
 * @param {string} name
 * @param {Record<string, any>} before
 * @param {Record<string, any>} after
 * @param {string[]} which
 */
function fields(name, before, after, which) {
  return which
    .filter((field) => (before[field] || "") !== (after[field] || ""))
    .map((field) => {
      const [old, next] = [before[field], after[field]].map((value) =>
        value === true ? "yes" : value ? `“${value}”` : value === false ? "no" : "nothing",
      );
      return changed(`${CALLED[field] ?? field} of ${name}: ${next} instead of ${old}`);
    });
}

/** @param {string} what @param {string[]} before @param {string[]} after */
function lists(what, before, after) {
  const more = after.filter((one) => !before.includes(one));
  const less = before.filter((one) => !after.includes(one));
  const same = more.length === 0 && less.length === 0;
  return [
    ...less.map((one) => /** @type {Difference} */ ({ sign: "−", what: `${what}: “${one}”` })),
    ...more.map((one) => /** @type {Difference} */ ({ sign: "+", what: `${what}: “${one}”` })),
    ...(same && before.join("\n") !== after.join("\n") ? [changed(`the order of ${what}`)] : []),
  ];
}
