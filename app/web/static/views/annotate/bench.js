/** Where the work is done: the text, the tools above it, and what is marked beside it. */

import { announce } from "../../parts/announce.js";
import { Caret } from "../../text/caret.js";
import { Handles } from "../../text/handles.js";
import { Paper } from "../../text/paper.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";
import { Card } from "./card.js";
import { useBenchKeys } from "./keys.js";
import { Refusals } from "./refusals.js";
import { InSight } from "./insight.js";
import { cut } from "./said.js";
import { Tools } from "./tools.js";

/** @typedef {import("../../work/desk.js").Desk} Desk */
/** @typedef {import("../../types").Span} Span */

/**
 * What a selection of text is for, when not for a new annotation.
 * @typedef {{kind: "attribute", name: string, id: string} | {kind: "bounds", id: string}
 *   | {kind: "relation", type: string, id: string}} Purpose
 */

/**
 * @param {{desk: Desk, role: string, wanted: string}} props `wanted` is the annotation to begin with
 */
export function Bench({ desk, role, wanted }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [paper, setPaper] = useState(/** @type {Paper | null} */ (null));
  const [caret, setCaret] = useState(/** @type {Caret | null} */ (null));
  const [chosenId, setChosen] = useState(wanted);
  const [purpose, setPurpose] = useState(/** @type {Purpose | null} */ (null));
  const [sight, setSight] = useState({ start: 0, end: 0 });
  const handles = useRef(/** @type {Handles | null} */ (null));
  // A finger on a tool can take the selection away before the tool is told.
  const touched = useRef(/** @type {{start: number, end: number} | null} */ (null));
  const id = desk.acts.steps.named(chosenId);
  const chosen = desk.annotation(id);
  const mayWrite = role !== "reader";
  const mayEdit = mayWrite && (role !== "annotator" || chosen?.author === desk.me.name);

  useLayoutEffect(() => {
    const at = /** @type {HTMLDivElement} */ (host.current);
    const made = new Paper(at, desk.document.text, desk.scheme.labels);
    const carets = new Caret(made, desk.document.language);
    setPaper(made);
    setCaret(carets);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let waiting;
    // Once the page has come to rest: what is measured while it moves makes it stumble.
    const look = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => setSight(made.inSight()), 100);
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      clearTimeout(waiting);
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
      carets.close();
      made.close();
    };
  }, [desk]);

  // Painted in the same frame as the change, before anything else of the page is drawn.
  useLayoutEffect(() => paper?.paint(desk.annotations.values()), [paper, desk.annotations]);

  const choose = useCallback(
    (/** @type {string} */ next) => {
      setChosen(next);
      setPurpose(null);
      const found = desk.annotation(next);
      if (found) paper?.reveal(found.start);
    },
    [desk, paper],
  );
  // The annotation that the address names, as soon as it is there.
  const isThere = Boolean(wanted && desk.annotation(wanted));
  useEffect(() => {
    if (paper && isThere) choose(wanted);
  }, [paper, isThere]);

  useLayoutEffect(() => {
    if (!paper) return undefined;
    paper.mark("chosen", chosen ? [chosen] : []);
    if (!chosen || !mayEdit || chosen.fragments) return undefined;
    const made = new Handles(paper, (span, done) => {
      paper.mark("chosen", span ? [span] : []);
      if (!done || !span) return;
      const said = cut(desk.document.text, span);
      if (said) desk.acts.edit(chosen.id, { ...said, fragments: null });
    });
    made.show(chosen);
    handles.current = made;
    return () => made.close();
  }, [paper, chosen?.id, chosen?.start, chosen?.end, mayEdit]);

  useLayoutEffect(() => {
    if (!paper) return;
    const type = purpose?.kind === "relation" && desk.scheme.relations.find((one) => one.name === purpose.type);
    const offered = type
      ? [...desk.annotations.values()].filter((one) => one.id !== id && type.target.includes(one.label))
      : [];
    paper.mark("offered", offered);
  }, [paper, purpose, desk.annotations]);

  /** The selected text without the white space around it; null when none is. @returns {Span | null} */
  const selected = () => {
    const at = touched.current ?? paper?.selection();
    touched.current = null;
    return at ? cut(desk.document.text, at) : null;
  };

  /** @param {string} label */
  const mark = (label) => {
    const span = selected();
    if (chosen && (!span || purpose)) {
      if (mayEdit) desk.acts.edit(chosen.id, { label, attributes: fitting(label) });
      return;
    }
    if (!span) {
      announce("Select the words first.");
      return;
    }
    const made = desk.acts.create({ ...span, label, fragments: null, attributes: {}, note: null });
    paper?.select(span.end);
    setChosen(made);
    announce(`Marked as ${label}.`);
  };
  /** The attributes that another label has too. @param {string} label */
  const fitting = (label) => {
    const names = desk.scheme.labels.find((one) => one.name === label)?.attributes.map((one) => one.name);
    const entries = Object.entries(chosen?.attributes ?? {});
    return Object.fromEntries(entries.filter(([name]) => names?.includes(name)));
  };

  /** Use the selected text for what it was selected for. */
  const finish = () => {
    const span = selected();
    if (!chosen || !purpose || !span) return;
    if (purpose.kind === "bounds") desk.acts.edit(chosen.id, { ...span, fragments: null });
    if (purpose.kind === "attribute") {
      desk.acts.edit(chosen.id, { attributes: { ...chosen.attributes, [purpose.name]: span } });
    }
    setPurpose(null);
    paper?.select(span.end);
  };

  const addFragment = () => {
    const span = selected();
    if (!chosen || !span) {
      announce("Choose an annotation, then select the words to add.");
      return;
    }
    const parts = [...(chosen.fragments ?? [cut(desk.document.text, chosen) ?? chosen]), span];
    parts.sort((one, other) => one.start - other.start);
    const first = /** @type {Span} */ (parts[0]);
    const last = /** @type {Span} */ (parts.at(-1));
    const envelope = { start: first.start, end: last.end };
    desk.acts.edit(chosen.id, {
      ...envelope,
      quote: desk.document.text.slice(envelope.start, envelope.end),
      fragments: parts,
    });
    paper?.select(span.end);
  };

  /** @param {Purpose} next */
  const begin = (next) => {
    setPurpose(next);
    host.current?.focus();
    if (chosen && next.kind === "bounds") paper?.select(chosen.start, chosen.end);
  };

  /** @param {string} target */
  const join = (target) => {
    if (purpose?.kind !== "relation") return;
    desk.acts.relate(purpose.type, id, target);
    setPurpose(null);
    announce(`Related by ${purpose.type}.`);
  };

  const clicked = (/** @type {MouseEvent} */ event) => {
    const at = paper?.selection();
    if (!paper || (at && at.start !== at.end)) return;
    const offset = paper.at(event.clientX, event.clientY);
    if (offset === null) return;
    const here = paper.over(offset).map((one) => one.id);
    if (purpose?.kind === "relation") {
      const type = desk.scheme.relations.find((one) => one.name === purpose.type);
      const target = here.find((one) => one !== id && type?.target.includes(desk.annotation(one)?.label ?? ""));
      if (target) join(target);
      return;
    }
    // Another click on the same words chooses what lies below.
    setChosen(here[(here.indexOf(id) + 1) % Math.max(here.length, 1)] ?? "");
    setPurpose(null);
  };

  const touch = (/** @type {Event} */ event) => {
    touched.current = event.type === "pointerdown" ? (paper?.selection() ?? null) : null;
  };
  const tasks = { desk, paper, caret, chosen, choose, purpose, setPurpose, begin, finish, mark, addFragment, mayWrite, mayEdit };
  useBenchKeys(tasks, host);

  return html`
    <section class="sheet" aria-label="Text">
      <${Tools} ...${tasks} touch=${touch} />
      <div
        ref=${host}
        class="text"
        tabindex="0"
        role="textbox"
        aria-multiline="true"
        aria-readonly="true"
        aria-label=${desk.document.title}
        lang=${desk.document.language ?? undefined}
        onClick=${clicked}
        onFocus=${() => caret?.draw()}
        onBlur=${() => caret?.draw()}
      ></div>
    </section>
    <aside class="side" aria-label="Annotations">
      <${Refusals} desk=${desk} choose=${choose} />
      ${chosen && html`<${Card} key=${id} ...${tasks} chosen=${chosen} join=${join} />`}
      <${InSight} desk=${desk} sight=${sight} chosen=${id} choose=${choose} />
    </aside>
  `;
}
