/** Two annotators of one document side by side: where they agree and where they differ. */

import { all, get, path } from "../api.js";
import { follow, logEnd } from "../live.js";
import { announce } from "../parts/announce.js";
import { useKeys } from "../parts/keys.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { link, refine } from "../router.js";
import { html, useEffect, useLayoutEffect, useMemo, useState } from "../vendor/preact.js";
import { f1, paired } from "../state/agreement.js";
import { KINDS, PairList, nameOf } from "./compare/pairs.js";
import { Sheets } from "./compare/sheets.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Label} Label */
/** @typedef {import("../types").TextDocument} TextDocument */
/** @typedef {import("../state/agreement.js").Kind} Kind */

/**
 * A document and its annotations, kept up to date.
 * @param {string} project
 * @param {string} id of the document
 */
function useMarked(project, id) {
  const loaded = useLoaded(
    async (signal) => {
      const end = await logEnd(project, signal);
      const [source, annotations, scheme] = await Promise.all([
        get(path`/v1/documents/${id}`, { signal }),
        all(path`/v1/documents/${id}/annotations?offset_unit=utf16`, { signal }),
        get(path`/v1/projects/${project}/scheme`, { signal }),
      ]);
      return {
        end,
        source: /** @type {TextDocument} */ (source),
        annotations: /** @type {Annotation[]} */ (annotations),
        labels: /** @type {Label[]} */ (scheme.labels),
      };
    },
    [project, id],
  );
  const { value } = loaded;
  const [annotations, setAnnotations] = useState(/** @type {Annotation[]} */ ([]));
  // Before it is painted: what is there is not said to be nothing.
  useLayoutEffect(() => {
    if (!value) return;
    setAnnotations(value.annotations);
    return follow(project, value.end, ({ kind, subject, version, state }) => {
      if (!kind.startsWith("annotation.") || (state && state.document_id !== id)) return;
      setAnnotations((before) => {
        const known = before.find((one) => one.id === subject);
        if (known && known.version >= version) return before;
        const others = before.filter((one) => one.id !== subject);
        return state ? [...others, state] : known ? others : before;
      });
    });
  }, [value]);
  return { ...loaded, annotations };
}

/** Two annotators on one document. @param {import("../main.js").ViewProps} props */
export function Compare({ project, id, place }) {
  const { value, error, reload, annotations } = useMarked(project, id);
  const title = value?.source.title;
  useEffect(() => {
    document.title = `Compare · ${title ?? project} · Stet`;
  }, [title]);
  const authors = useMemo(
    () => [...new Set(annotations.map((one) => one.author))].sort(),
    [annotations],
  );
  const a = place.query.get("a") ?? authors[0] ?? "";
  const b = place.query.get("b") ?? authors.find((name) => name !== a) ?? "";
  const chooseFirst = (/** @type {string} */ name) => refine({ a: name, b });
  const chooseSecond = (/** @type {string} */ name) => refine({ a, b: name });
  return html`
    <h1>Compare two annotators</h1>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${value &&
    html`
      <p><a href=${link(["projects", project, "documents", id])} dir="auto">${value.source.title}</a></p>
      <form class="authors" aria-label="Who is compared">
        <${Author} title="First" names=${authors} name=${a} choose=${chooseFirst} />
        <${Author} title="Second" names=${authors} name=${b} choose=${chooseSecond} />
      </form>
      ${a && b && a !== b
        ? html`<${Compared} key=${`${a} ${b}`} ...${value} annotations=${annotations} people=${[a, b]} />`
        : html`<p role="status">
            ${authors.length < 2
              ? "Fewer than two people have annotated this document: there is nothing to compare yet."
              : "Choose two different people."}
          </p>`}
    `}
  `;
}

/** @param {{title: string, names: string[], name: string, choose: (name: string) => void}} props */
function Author({ title, names, name, choose }) {
  const take = (/** @type {{currentTarget: HTMLSelectElement}} */ event) =>
    choose(event.currentTarget.value);
  // The address may name somebody who has annotated nothing here.
  const offered = [...new Set(name ? [...names, name] : names)];
  return html`
    <label>
      ${title}
      <select value=${name} onChange=${take}>
        ${offered.map((one) => html`<option value=${one}>${one}</option>`)}
      </select>
    </label>
  `;
}

/** @param {import("../state/agreement.js").Pair<Annotation>} pair */
function partsOf({ first, second }) {
  return [first, second].filter((one) => one !== null);
}

/** @param {number | null} share */
function percent(share) {
  return share === null ? "–" : `${(share * 100).toFixed(1)} %`;
}

/**
 * @param {{source: TextDocument, labels: Label[], annotations: Annotation[],
 *   people: [string, string]}} props
 */
function Compared({ source, labels, annotations, people }) {
  const [held, setHeld] = useState("");
  const [a, b] = people;
  const { spans, pairs } = useMemo(() => {
    const of = (/** @type {string} */ name) => annotations.filter((one) => one.author === name);
    return { spans: [of(a), of(b)], pairs: paired(of(a), of(b)) };
  }, [annotations, a, b]);
  // One who gets a partner, or loses theirs, is still the one that is looked at.
  const current =
    pairs.find((pair) => nameOf(pair) === held) ??
    pairs.find((pair) => partsOf(pair).some((one) => held.includes(one.id)));
  const measured = f1(pairs);
  const differing = pairs.filter((pair) => pair.kind !== "agree");
  const step = (/** @type {1 | -1} */ by) => {
    // From an agreement, or from nowhere, one goes to the nearest difference in that direction.
    const at = current ? pairs.indexOf(current) : -1;
    const order = by > 0 ? pairs.slice(at + 1) : pairs.slice(0, Math.max(at, 0)).reverse();
    const next = order.find((pair) => pair.kind !== "agree");
    if (!next) return announce(`There is no difference ${by > 0 ? "behind" : "before"} this.`);
    setHeld(nameOf(next));
    announce(`${differing.indexOf(next) + 1} of ${differing.length}: ${KINDS[next.kind].name(a, b)}`);
  };
  useKeys("Compare", [
    { keys: ["n"], does: "The next difference", run: () => step(1), repeats: true },
    { keys: ["p"], does: "The difference before", run: () => step(-1), repeats: true },
  ]);
  const count = (/** @type {Kind[]} */ ...kinds) =>
    pairs.filter(({ kind }) => kinds.includes(kind)).length;
  return html`
    <dl class="measures">
      <div><dt>= agree</dt><dd>${count("agree")}</dd></div>
      <div><dt>≈ agree partly</dt><dd>${count("bounds", "label")}</dd></div>
      <div><dt>≠ only ${a}</dt><dd>${count("first")}</dd></div>
      <div><dt>≠ only ${b}</dt><dd>${count("second")}</dd></div>
      <div><dt>F1, the same label and bounds</dt><dd>${percent(measured.exact)}</dd></div>
      <div><dt>F1, the same label and overlapping</dt><dd>${percent(measured.overlapping)}</dd></div>
    </dl>
    <div class="compare">
      <${PairList}
        pairs=${pairs}
        people=${people}
        held=${current ? nameOf(current) : ""}
        differing=${differing.length}
        choose=${setHeld}
        step=${step}
      />
      <${Sheets}
        text=${source.text}
        labels=${labels}
        people=${people}
        spans=${spans}
        held=${current}
      />
    </div>
  `;
}
