/** What is done with a selection and with the chosen annotation. */

import { announce } from "../../parts/announce.js";
import { Confirm } from "../../parts/confirm.js";
import { html, useEffect, useState } from "../../vendor/preact.js";
import { saidBy } from "../../state/acts.js";
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
 * @param {(draft: Draft | null | ((held: Draft | null) => Draft | null)) => void} at.setDraft
 * @param {boolean} at.mayEdit
 */
export function useTasks(at) {
  const { desk, paper, chosen, setChosen, purpose, setPurpose, begin, selected, draft, setDraft } = at;
  const [asks, setAsks] = useState(false);
  // What would take an approval away, until one says so.
  const [held, setHeld] = useState(/** @type {{id: string, act: () => void} | null} */ (null));
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

  useEffect(() => {
    const acted = (/** @type {Event} */ event) => {
      const { before, now } = /** @type {CustomEvent<{before: Annotation, now: Annotation}>} */ (event).detail;
      setDraft((held) => {
        const from = held?.from;
        if (!from || acts.steps.named(from.id) !== now.id) return held;
        // What somebody else did before that has not been seen.
        if (!same(saidBy(from), saidBy(before))) return held;
        // The version stays: from that one on, a change by somebody else is told from one's own.
        return { ...held, from: { ...from, ...saidBy(now) } };
      });
    };
    desk.addEventListener("acted", acted);
    return () => desk.removeEventListener("acted", acted);
  }, [desk]);

  /** @param {Draft} wanted @param {string} [more] to be said of it */
  const save = ({ from, said }, more = "") => {
    const attributes = desk.scheme.labels.find((one) => one.name === said.label)?.attributes ?? [];
    if (attributes.some((one) => one.required && said.attributes[one.name] === undefined)) {
      setDraft({ from, said });
      if (more) announce(more);
      return;
    }
    if (!from) setChosen(acts.create(said));
    else if (!acts.edit(from.id, { label: said.label, attributes: said.attributes }, seenOf(from))) {
      announce("Not marked: it was withdrawn meanwhile.");
      return;
    }
    setDraft(null);
    announce(`Marked as ${said.label}. ${more}`);
  };

  /**
   * Do what one key or one drag does to the chosen annotation; if it is approved, ask first.
   * @param {() => void} act
   */
  const asked = (act) => {
    if (chosen?.status === "approved") setHeld({ id: chosen.id, act });
    else act();
  };

  /** @param {string} label */
  const relabel = (label) => {
    if (!chosen || !at.mayEdit || label === chosen.label) return;
    const attributes = desk.scheme.labels.find((one) => one.name === label)?.attributes ?? [];
    const { kept, left } = takenBy(chosen.attributes, attributes);
    const more = left.length ? `Left out, for ${label} does not take it: ${left.join(", ")}.` : "";
    asked(() => save({ from: chosen, said: { ...saidBy(chosen), label, attributes: kept } }, more));
  };

  /** @param {string} label */
  const mark = (label) => {
    const span = selected();
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
      asked(() => acts.edit(chosen.id, { ...span, fragments: null }));
    }
    setPurpose(null);
    paper?.select(span.end);
  };

  const addFragment = () => {
    const span = selected();
    if (!chosen || !at.mayEdit || !span) {
      announce("Choose an annotation, then select the words to add.");
      return;
    }
    const held = chosen.fragments ?? [cut(text, chosen) ?? chosen];
    if (held.some((one) => one.start < span.end && span.start < one.end)) {
      announce("Some of these words are in it already: select others to add.");
      return;
    }
    const parts = [...held, span];
    parts.sort((one, other) => one.start - other.start);
    const { start } = /** @type {Span} */ (parts[0]);
    const { end } = /** @type {Span} */ (parts.at(-1));
    asked(() => acts.edit(chosen.id, { start, end, quote: text.slice(start, end), fragments: parts }));
    paper?.select(span.end);
  };

  const moveBounds = () => {
    if (!chosen) return;
    if (chosen.fragments) announce("It has fragments: add one, or take one away in its form.");
    else begin({ kind: "bounds", id: chosen.id });
  };

  /** @param {string} target */
  const join = (target) => {
    if (purpose?.kind !== "relation" || !chosen) return;
    acts.relate(purpose.type, chosen.id, target);
    setPurpose(null);
    announce(`Related by ${purpose.type}.`);
  };

  const isOwn = chosen?.author === desk.me.name;
  const withdrawNow = async () => {
    if (!chosen) return;
    acts.withdraw(chosen.id);
    setChosen("");
    announce(isOwn ? "Withdrawn. Ctrl+Z marks it anew." : "Withdrawn.");
  };
  const withdraw = () => {
    if (chosen && !acts.mayWithdraw(chosen)) {
      announce("It is approved: only a reviewer can withdraw it.");
      return;
    }
    // What somebody else wrote, or a reviewer approved, does not come back as it was.
    if (isOwn && chosen?.status !== "approved") void withdrawNow();
    else setAsks(true);
  };
  const editing =
    held &&
    held.id === chosen?.id &&
    html`
      <${Confirm}
        title="Change what is approved?"
        verb="Change it"
        act=${async () => held.act()}
        onClose=${() => setHeld(null)}
      >
        <blockquote dir="auto">${chosen.quote}</blockquote>
        <p>Changed, it waits for review again. Undoing brings back its words, but not the approval.</p>
      <//>
    `;
  const asking =
    editing ||
    (asks &&
    chosen &&
    html`
      <${Confirm}
        title="Withdraw this annotation?"
        verb="Withdraw"
        act=${withdrawNow}
        onClose=${() => setAsks(false)}
      >
        <blockquote dir="auto">${chosen.quote}</blockquote>
        <p>
          By ${chosen.author}, ${chosen.status.replace("_", " ")}. It stays in the history, but it can
          only be marked anew${isOwn ? " (Ctrl+Z), and then waits for review" : ""}.
        </p>
      <//>
    `);

  return { mark, relabel, asked, save, finish, addFragment, moveBounds, join, withdraw, asking };
}
