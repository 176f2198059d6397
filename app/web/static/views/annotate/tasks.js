/** What is done with a selection and with the chosen annotation. */

import { announce } from "../../parts/announce.js";
import { useLayoutEffect } from "../../vendor/preact.js";
import { saidBy } from "../../state/acts.js";
import { usedLabel } from "../../state/recent.js";
import { same } from "../../state/same.js";
import { takenBy } from "../../state/taken.js";
import { cut } from "./said.js";

/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Span} Span */
/** @typedef {import("../../state/acts.js").Said} Said */

/**
 * An annotation that cannot be saved yet, for its label requires more; `from` is the one which is to
 * become this, as it was when the draft was begun but for what one has done to it oneself since, or
 * null for a new one.
 * @typedef {{from: Annotation | null, said: Said}} Draft
 */

/**
 * @param {object} at
 * @param {import("../../state/desk.js").Desk} at.desk
 * @param {import("../../text/paper.js").Paper | null} at.paper
 * @param {Annotation | undefined} at.chosen
 * @param {(id: string) => void} at.setChosen
 * @param {import("./bench.js").Purpose | null} at.purpose
 * @param {(purpose: import("./bench.js").Purpose | null) => void} at.setPurpose
 * @param {(purpose: import("./bench.js").Purpose) => void} at.begin
 * @param {() => Span | null} at.selected
 * @param {Draft | null} at.draft
 * @param {(draft: Draft | null) => void} at.setDraft
 * @param {boolean} at.mayEdit
 */
export function useTasks(at) {
  const { desk, paper, chosen, setChosen, purpose, setPurpose, begin, selected, draft, setDraft } = at;
  const { acts } = desk;
  const { text } = desk.document;

  /**
   * The version that a draft was begun from, when that says no more what the annotation says.
   * @param {Annotation} from
   */
  const seenOf = (from) => {
    const now = desk.annotation(acts.steps.named(from.id));
    return now && !same(saidBy(now), saidBy(from)) ? from.version : undefined;
  };

  // Before the next act, which is heard with the draft as it is by now.
  useLayoutEffect(() => {
    const acted = (/** @type {Event} */ event) => {
      const { before, now } = /** @type {CustomEvent<{before: Annotation, now: Annotation}>} */ (event).detail;
      const from = draft?.from;
      if (!from || acts.steps.named(from.id) !== now.id) return;
      // What somebody else did before that has not been seen.
      if (!same(saidBy(from), saidBy(before))) return;
      // The version stays: from that one on, a change by somebody else is told from one's own.
      setDraft({ ...draft, from: { ...from, ...saidBy(now) } });
    };
    desk.addEventListener("acted", acted);
    return () => desk.removeEventListener("acted", acted);
  }, [desk, draft]);

  /** @param {Draft} wanted @param {string} [more] to be said of it */
  const save = ({ from, said }, more = "") => {
    const attributes = desk.scheme.labels.find((one) => one.name === said.label)?.attributes ?? [];
    if (attributes.some((one) => one.required && said.attributes[one.name] === undefined)) {
      setDraft({ from, said });
      if (more) announce(more);
      return;
    }
    const done = (/** @type {boolean} */ isThere) => {
      if (isThere) setDraft(null);
      announce(isThere ? `Marked as ${said.label}. ${more}` : "Not marked: it was withdrawn meanwhile.");
    };
    if (from) {
      acts.edit(from.id, { label: said.label, attributes: said.attributes }, seenOf(from), done);
    } else {
      setChosen(acts.create(said));
      done(true);
    }
  };

  /** Whether there is a chosen one for oneself to change; if it is not, that is said. */
  const mayChange = () => {
    if (chosen && !at.mayEdit) announce(`Only ${chosen.author} or a reviewer can change this.`);
    return Boolean(chosen) && at.mayEdit;
  };

  /** @param {string} label */
  const relabel = (label) => {
    if (!mayChange() || !chosen || label === chosen.label) return;
    const attributes = desk.scheme.labels.find((one) => one.name === label)?.attributes ?? [];
    const { kept, left } = takenBy(chosen.attributes, attributes);
    const more = left.length ? `Left out, for ${label} does not take it: ${left.join(", ")}.` : "";
    save({ from: chosen, said: { ...saidBy(chosen), label, attributes: kept } }, more);
  };

  /** @param {string} label */
  const mark = (label) => {
    const span = selected();
    if (span || chosen) usedLabel(desk.document.project, desk.me.name, label);
    if (span && !purpose) {
      save({ from: null, said: { ...span, label, fragments: null, attributes: {}, note: null } });
      paper?.select(span.end);
    } else if (chosen) relabel(label);
    else announce("Select the words first.");
  };

  /** Use the selected text for what it was selected for. */
  const finish = () => {
    const span = selected();
    if (!purpose || !span) return;
    if (purpose.kind === "attribute" && draft) {
      const attributes = { ...draft.said.attributes, [purpose.name]: span };
      setDraft({ ...draft, said: { ...draft.said, attributes } });
    } else if (purpose.kind === "attribute" && chosen) {
      acts.edit(chosen.id, { attributes: { ...chosen.attributes, [purpose.name]: span } });
    } else if (purpose.kind === "bounds" && chosen) {
      acts.edit(chosen.id, { ...span, fragments: null });
    }
    setPurpose(null);
    paper?.select(span.end);
  };

  const addFragment = () => {
    const span = selected();
    if (!chosen || (at.mayEdit && !span)) announce("Choose an annotation, then select the words to add.");
    if (!mayChange() || !chosen || !span) return;
    const held = chosen.fragments ?? [cut(text, chosen) ?? chosen];
    if (held.some((one) => one.start < span.end && span.start < one.end)) {
      announce("Some of these words are in it already: select others to add.");
      return;
    }
    const parts = [...held, span];
    parts.sort((one, other) => one.start - other.start);
    const { start } = /** @type {Span} */ (parts[0]);
    const { end } = /** @type {Span} */ (parts.at(-1));
    acts.edit(chosen.id, { start, end, quote: text.slice(start, end), fragments: parts });
    paper?.select(span.end);
  };

  const moveBounds = () => {
    if (!mayChange() || !chosen) return;
    if (chosen.fragments) announce("It has fragments: add one, or take one away in its form.");
    else begin({ kind: "bounds", id: chosen.id });
  };

  /** @param {string} target */
  const join = (target) => {
    if (purpose?.kind !== "relation" || !chosen) return;
    acts.relate(purpose.type, chosen.id, target);
    setPurpose(null);
    // What was pressed goes with the offers.
    paper?.host.focus({ preventScroll: true });
    announce(`Related by ${purpose.type}.`);
  };

  const withdraw = () => {
    if (!mayChange() || !chosen) return;
    if (!acts.mayWithdraw(chosen)) {
      announce("It is approved: only a reviewer can withdraw it.");
      return;
    }
    const isOwn = chosen.author === desk.me.name;
    acts.withdraw(chosen.id, () => {
      setChosen("");
      announce(isOwn ? "Withdrawn. Ctrl+Z marks it anew." : "Withdrawn.");
    });
  };

  return { mark, relabel, save, finish, addFragment, moveBounds, join, withdraw };
}
