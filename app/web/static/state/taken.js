/** Which values an attribute takes, as the API checks them. */

/** @typedef {import("../types").Attribute} Attribute */
/** @typedef {import("../types").AttributeValue} AttributeValue */

const isText = (/** @type {unknown} */ value) => typeof value === "string";

/** @type {Record<Attribute["type"], (value: any, values: string[]) => boolean>} */
const TAKES = {
  string: isText,
  "string[]": (value) => Array.isArray(value) && value.every(isText),
  enum: (value, values) => values.includes(value),
  "enum[]": (value, values) => Array.isArray(value) && value.every((one) => values.includes(one)),
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  span: (value) => typeof value === "object" && !Array.isArray(value),
};

/**
 * The values that these attributes take, and the names of those that none of them does.
 * @param {Record<string, AttributeValue>} values
 * @param {Attribute[]} attributes
 * @returns {{kept: Record<string, AttributeValue>, left: string[]}}
 */
export function takenBy(values, attributes) {
  const isTaken = (/** @type {[string, AttributeValue]} */ [name, value]) => {
    const attribute = attributes.find((one) => one.name === name);
    return attribute !== undefined && TAKES[attribute.type](value, attribute.values ?? []);
  };
  const all = Object.entries(values);
  const left = all.filter((one) => !isTaken(one)).map(([name]) => name);
  return { kept: Object.fromEntries(all.filter(isTaken)), left };
}
