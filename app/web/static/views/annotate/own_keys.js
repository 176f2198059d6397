/**
 * The keys of the document view that a label's hotkey may take, and what each does. With Alt, none of
 * them can be taken.
 */
export const OWN = {
  w: "Select the word; again: one more",
  s: "Select the sentence; again: one more",
  b: "Move the bounds: then Shift and arrows, and Enter",
  f: "Add the selection to the chosen annotation, as another fragment",
  n: "Next annotation",
  p: "Previous annotation",
  t: "Into the text",
  h: "Say what is marked here",
};
