/** Where the work is done: the text, the tools above it, and what is marked beside it. */

import { useDraft } from "../../parts/draft.js";
import { Caret } from "../../text/caret.js";
import { Handles } from "../../text/handles.js";
import { Paper } from "../../text/paper.js";
import { keepPlace, kept as where, place, refine } from "../../router.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";
import { Asking } from "./asking.js";
import { Card } from "./card.js";
import { Drawer, isNarrow } from "./drawer.js";
import { useBenchKeys } from "./keys.js";
import { Refusals } from "./refusals.js";
import { InSight } from "./insight.js";
import { useLabelChoice } from "./labels.js";
import { cut } from "./said.js";
import { Required } from "./required.js";
import { useTasks } from "./tasks.js";
import { Tools } from "./tools.js";

/** @typedef {import("../../state/desk.js").Desk} Desk */
/** @typedef {import("../../types").Annotation} Annotation */
/** @typedef {import("../../types").Role} Role */
/** @typedef {import("../../types").Span} Span */
/** @typedef {import("../../text/bounds.js").Bounds} Bounds */
/** @typedef {import("./tasks.js").Draft} Draft */

/**
 * What a selection of text is for, when not for a new annotation.
 * @typedef {{kind: "attribute", name: string, id: string} | {kind: "bounds", id: string}
 *   | {kind: "relation", type: string, id: string}} Purpose
 */

/**
 * @param {{desk: Desk, role: Role, wanted: string}} props `wanted` is the annotation to begin with
 */
export function Bench({ desk, role, wanted }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [paper, setPaper] = useState(/** @type {Paper | null} */ (null));
  const [caret, setCaret] = useState(/** @type {Caret | null} */ (null));
  const [chosenId, setChosen] = useState(wanted);
  const [purpose, setPurpose] = useState(/** @type {Purpose | null} */ (null));
  const none = /** @type {Draft | null} */ (null);
  const [kept, setDraft] = useDraft(desk.me.name, "label", desk.document.id, none);
  // What is typed for has its form until that is taken, also if it is withdrawn meanwhile.
  const [typing, setTyping] = useState(/** @type {Annotation | null} */ (null));
  // All of it, until it is measured: on a narrow screen the list may be looked at before.
  const [sight, setSight] = useState({ start: 0, end: desk.document.text.length });
  // A finger on a tool can take the selection away before the tool is told.
  const touched = useRef(/** @type {{start: number, end: number} | null} */ (null));
  /** Whether the address is this document's: until another view is there, this one stays. */
  const isHere = () => place().parts[3] === desk.document.id;
  // Where one was: found again once, and then nothing else is scrolled to.
  const from = useRef(where().line ?? null);
  const id = desk.acts.steps.named(chosenId);
  const chosen = desk.annotation(id);
  const shown = chosen ?? (typing?.id === id ? typing : undefined);
  desk.acts.role = role;
  const mayWrite = role !== "reader";
  const draft = mayWrite ? kept : null;
  const mayEdit = mayWrite && (role !== "annotator" || shown?.author === desk.me.name);

  useLayoutEffect(() => {
    const at = /** @type {HTMLDivElement} */ (host.current);
    const made = new Paper(at, desk.document.text, desk.scheme.labels);
    const carets = new Caret(made, desk.document.language);
    if (from.current) made.bring(from.current.offset, from.current.height);
    setPaper(made);
    setCaret(carets);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let waiting;
    // Once the page has come to rest: what is measured while it moves makes it stumble.
    const look = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        // Below a dialog, nothing of the text is found.
        if (document.querySelector("dialog[open]")) {
          look();
          return;
        }
        // Behind the text, on a narrow screen, the list stays as it is while one looks at it.
        const top = list.current?.getBoundingClientRect().top ?? Infinity;
        const looked = top < innerHeight && scrollY > 0;
        if (!(looked && isNarrow())) setSight(made.inSight());
        if (!isHere()) return;
        const { start: offset } = made.inSight();
        // At its top, the page has more than the text.
        keepPlace({ line: scrollY > 0 ? { offset, height: made.box(offset).top } : null });
      }, 100);
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
  useLayoutEffect(() => {
    paper?.dress(desk.scheme.labels);
    paper?.paint(desk.annotations.values());
  }, [paper, desk.annotations, desk.scheme]);

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
  const named = useRef("");
  // Both before the next click or key: what is chosen by then is not taken back.
  useLayoutEffect(() => {
    if (!paper || !isThere || wanted === named.current) return;
    named.current = wanted;
    if (from.current) setChosen(wanted);
    else choose(wanted);
    from.current = null;
  }, [paper, isThere, wanted]);
  useLayoutEffect(() => {
    // What one chooses is named in the address: a reload, and going back, find it again.
    if (!isHere() || id === wanted) return;
    named.current = id;
    refine(id ? { annotation: id } : {});
  }, [id]);

  useLayoutEffect(() => {
    if (!paper) return undefined;
    paper.mark("chosen", draft ? [draft.said] : chosen ? [chosen] : []);
    if (!chosen || !mayEdit || chosen.fragments) return undefined;
    const hasMoved = (/** @type {Bounds} */ { start, end }) => start !== chosen.start || end !== chosen.end;
    const made = new Handles(paper, (span, done) => {
      paper.mark("chosen", [span]);
      if (!done) return;
      const said = hasMoved(span) ? cut(desk.document.text, span) : null;
      if (said && hasMoved(said)) {
        desk.acts.edit(chosen.id, { ...said, fragments: null });
      }
      // Until it is moved, it is where it was.
      const now = desk.annotation(chosen.id) ?? chosen;
      made.show(now);
      paper.mark("chosen", [now]);
    });
    made.show(chosen);
    return () => made.close();
  }, [paper, draft, chosen?.id, chosen?.start, chosen?.end, mayEdit]);

  useLayoutEffect(() => {
    if (!paper) return;
    const type = purpose?.kind === "relation" && desk.scheme.relations.find((one) => one.name === purpose.type);
    const offered = type
      ? [...desk.annotations.values()].filter((one) => one.id !== id && type.target.includes(one.label))
      : [];
    paper.mark("offered", offered);
  }, [paper, purpose, desk.annotations]);

  const selected = () => {
    const at = touched.current ?? paper?.selection();
    touched.current = null;
    return at ? cut(desk.document.text, at) : null;
  };
  const begin = (/** @type {Purpose} */ next) => {
    setPurpose(next);
    host.current?.focus({ preventScroll: true });
    if (chosen && next.kind === "bounds") paper?.select(chosen.start, chosen.end);
  };
  const choice = useLabelChoice(paper, host, touched);
  const given = { desk, paper, caret, chosen, choose, setChosen, purpose, setPurpose, begin, selected };
  const state = { ...given, ...choice };
  const tasks = { ...state, ...useTasks({ ...state, draft, setDraft, mayEdit }), mayWrite, mayEdit };

  const clicked = (/** @type {MouseEvent} */ event) => {
    const at = paper?.selection();
    if (!paper || (at && at.start !== at.end)) return;
    const offset = paper.at(event.clientX, event.clientY);
    if (offset === null) return;
    const here = paper.over(offset).map((one) => one.id);
    if (purpose?.kind === "relation") {
      const type = desk.scheme.relations.find((one) => one.name === purpose.type);
      const target = here.find((one) => one !== id && type?.target.includes(desk.annotation(one)?.label ?? ""));
      if (target) tasks.join(target);
      return;
    }
    // Another click on the same words chooses what lies below.
    setChosen(here[(here.indexOf(id) + 1) % Math.max(here.length, 1)] ?? "");
    setPurpose(null);
  };

  const touch = (/** @type {Event} */ event) => {
    touched.current = event.type === "pointerdown" ? (paper?.selection() ?? null) : null;
  };
  useEffect(() => {
    // A press that ends anywhere but on a tool is no click: what it saw is meant no more.
    const lifted = (/** @type {PointerEvent} */ { type, clientX, clientY }) => {
      const under = document.elementFromPoint(clientX, clientY);
      if (type === "pointercancel" || !under?.closest(".tools button:enabled")) touched.current = null;
    };
    addEventListener("pointerup", lifted);
    addEventListener("pointercancel", lifted);
    return () => {
      removeEventListener("pointerup", lifted);
      removeEventListener("pointercancel", lifted);
    };
  }, []);
  useBenchKeys(tasks, host);
  const letGo = () => {
    choose("");
    host.current?.focus({ preventScroll: true });
  };
  const toList = () => {
    list.current?.scrollIntoView();
    list.current?.focus({ preventScroll: true });
  };
  const others = [draft && "draft", ...desk.refusals.map(({ write }) => write.key)].filter(Boolean).join(" ");

  return html`
    <section class="sheet" aria-label="Text">
      <${Tools} ...${tasks} touch=${touch} toList=${toList} />
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
      <${Drawer} chosen=${shown} others=${others} letGo=${draft ? null : letGo} paper=${paper}>
        <${Refusals} desk=${desk} chosen=${id} choose=${choose} />
        ${draft && html`<${Required} ...${tasks} draft=${draft} setDraft=${setDraft} />`}
        ${shown &&
        !draft &&
        html`<${Card} key=${id} ...${tasks} chosen=${shown} typing=${typing} setTyping=${setTyping} />`}
      <//>
      <${Asking} questions=${desk.acts.questions} me=${desk.me.name} />
      <div class="in-sight" ref=${list} tabindex="-1">
        <${InSight} desk=${desk} sight=${sight} chosen=${id} choose=${choose} mayWrite=${mayWrite} />
      </div>
    </aside>
  `;
}
