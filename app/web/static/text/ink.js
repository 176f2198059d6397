/** How the spans of labels look: colours and lines, as highlights that the browser paints. */

/** So many lines below a text are told apart. */
const LANES = 4;
/**
 * So many spans over one another have a ground too. Grounds add up: whatever their colours are, the
 * text is still read on so many of them, at 4.5:1, also where it is selected (WCAG 2.2, 1.4.3).
 */
const GROUNDS = 2;
const LINES = ["solid", "dashed", "dotted", "double", "wavy"];

/** Whether this browser can paint spans. */
export const canPaint = typeof Highlight === "function" && "highlights" in CSS;

/**
 * Paint ranges in the way of a highlight.
 * @param {string} name
 * @param {StaticRange[]} ranges
 */
export function lay(name, ranges) {
  // What cannot be painted is chosen by a click all the same, and stands in the list.
  if (!canPaint) return;
  const to = highlight(name);
  for (const range of ranges) to.add(range);
  // What is laid below a dialog, Safari takes for a part of the dialog, until it is laid again.
  const dialog = Array.from(document.getElementsByTagName("dialog")).at(-1);
  const again = () => lay(name, ranges.filter((range) => to.delete(range)));
  dialog?.addEventListener("close", again, { once: true });
}

/**
 * Paint ranges no more.
 * @param {string} name
 * @param {StaticRange[]} ranges
 */
export function lift(name, ranges) {
  if (!canPaint) return;
  const from = highlight(name);
  for (const range of ranges) from.delete(range);
}

/**
 * The highlight of a name: several papers of one scheme share it.
 * @param {string} name
 * @returns {Highlight}
 */
function highlight(name) {
  let found = CSS.highlights.get(name);
  if (!found) {
    found = new Highlight();
    // What is chosen is painted over labels.
    found.priority = name.startsWith("stet-label") ? 0 : 1;
    CSS.highlights.set(name, found);
  }
  return found;
}

const sheet = new CSSStyleSheet();

/**
 * How a label looks: its colour, and a line that tells it apart without colour.
 * @param {import("../types").Label[]} labels of the scheme
 * @param {string} name
 */
export function looks(labels, name) {
  const index = labels.findIndex((label) => label.name === name);
  return {
    index,
    color: labels[index]?.color ?? "#6b7280",
    line: LINES[Math.max(index, 0) % LINES.length] ?? "solid",
  };
}

/**
 * The highlight that a label has in a lane. Behind the last line, those without a ground take turns.
 * @param {number} index of the label in the scheme
 * @param {number} lane
 */
export function inkOf(index, lane) {
  const line = lane < LANES ? lane : GROUNDS + (lane % (LANES - GROUNDS));
  return `stet-label-${index}-${line}`;
}

/**
 * Give each label its look in the text. The newest call counts: a page shows one scheme. Lines are
 * said in four properties, also in the style sheets: Safari takes `text-decoration` for the first
 * alone, and else paints none.
 * @param {import("../types").Label[]} labels
 */
export function dress(labels) {
  const rules = labels.flatMap(({ name }) => {
    const { index, color, line } = looks(labels, name);
    const ink = `light-dark(${color}, color-mix(in oklab, ${color} 65%, white))`;
    const tint = (/** @type {number} */ part) => `color-mix(in srgb, ${color} ${part}%, transparent)`;
    const ground = `light-dark(${tint(16)}, ${tint(12)})`;
    return Array.from(
      { length: LANES },
      (_, lane) => `::highlight(stet-label-${index}-${lane}) {
        background-color: ${lane < GROUNDS ? ground : "transparent"};
        text-decoration-line: underline;
        text-decoration-style: ${line};
        text-decoration-thickness: 2px;
        text-decoration-color: ${ink};
        text-underline-offset: ${3 + lane * 4}px;
      }
      @media (forced-colors: active) {
        ::highlight(stet-label-${index}-${lane}) {
          background-color: transparent;
          text-decoration-color: CanvasText;
        }
      }`,
    );
  });
  sheet.replaceSync(rules.join("\n"));
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
}
