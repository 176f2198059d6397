/** A document: read it, mark it, and say what is said in it. */

import { announce } from "../parts/announce.js";
import { useLoaded } from "../parts/loaded.js";
import { Badge } from "../parts/status.js";
import { Trouble } from "../parts/trouble.js";
import { link } from "../router.js";
import { canPaint } from "../text/ink.js";
import { html, useEffect, useLayoutEffect, useReducer } from "../vendor/preact.js";
import { Desk } from "../state/desk.js";
import { Bench } from "./annotate/bench.js";
import { Gone } from "./annotate/gone.js";
import { Onward } from "./annotate/onward.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Status} Status */

/** @param {import("../main.js").ViewProps} props */
export function Annotate({ me, project, id, role, place }) {
  const [times, again] = useReducer((/** @type {number} */ before) => before + 1, 0);
  const { value: desk, error } = useLoaded((signal) => Desk.open(project, id, me, signal), [id, times]);
  const [, show] = useReducer((/** @type {number} */ before) => before + 1, 0);
  useEffect(() => {
    document.title = `Document · ${project} · Stet`;
  }, []);
  // Before anything of it comes in, which would not be shown.
  useLayoutEffect(() => {
    if (!desk) return undefined;
    document.title = `${desk.document.title} · Stet`;
    const changed = () => show(undefined);
    const heard = (/** @type {Event} */ event) => {
      const all = /** @type {CustomEvent<{kind: string, actor: string | null}[]>} */ (event).detail;
      const people = [...new Set(all.map(({ actor }) => actor ?? "Somebody"))].join(", ");
      const what = all.length === 1 ? all[0]?.kind.replace(".", " ") : `${all.length} changes`;
      announce(`${people}: ${what}.`);
    };
    // What was said to be done is not.
    const refused = (/** @type {Event} */ event) => {
      const { does } = /** @type {CustomEvent<import("../state/write.js").Write>} */ (event).detail;
      announce(`Not saved: ${does}.`);
    };
    const acted = (/** @type {Event} */ event) => {
      const { before, now } = /** @type {CustomEvent<{before: Annotation, now: Annotation}>} */ (event).detail;
      if (before.status === "approved" && now.status === "pending") {
        announce("It is no longer approved, and waits for review again.");
      }
    };
    desk.addEventListener("acted", acted);
    desk.addEventListener("refused", refused);
    desk.addEventListener("change", changed);
    desk.addEventListener("heard", heard);
    return () => {
      desk.removeEventListener("acted", acted);
      desk.removeEventListener("refused", refused);
      desk.removeEventListener("change", changed);
      desk.removeEventListener("heard", heard);
      desk.close();
    };
  }, [desk]);
  if (error) return html`<h1>Document</h1><${Trouble} error=${error} again=${() => again(undefined)} />`;
  if (!desk) return null;
  const wanted = place.query.get("annotation") ?? "";
  const named = desk.acts.steps.named(wanted);
  const isRefused = desk.refusals.some(({ write }) => write.subject === named);
  const isGone = desk.isWhole && wanted && !isRefused && !desk.annotation(named);
  const { title, source_url: source, published_on: published, language } = desk.document;
  /** @type {Record<Status, number>} */
  const counts = { pending: 0, approved: 0, rejected: 0, changes_requested: 0 };
  for (const { status } of desk.annotations.values()) counts[status] += 1;
  return html`
    <div class="annotate">
      <header>
        <h1 dir="auto">${title}</h1>
        <p>
          ${published && html`<time datetime=${published}>${published}</time>`}
          ${source && html`<a href=${source} rel="noopener noreferrer" target="_blank">Source</a>`}
          ${language && html`<span>${language}</span>`}
          ${/** @type {Status[]} */ (Object.keys(counts)).map(
            (status) => counts[status] > 0 && html`<${Badge} status=${status} count=${counts[status]} />`,
          )}
          <a href=${link(["projects", project, "compare", id])}>Compare annotators</a>
          ${role !== "reader" && html`<${Onward} desk=${desk} />`}
          ${!desk.connected && html`<span>Not following what others do: no connection.</span>`}
        </p>
      </header>
      ${!canPaint &&
      html`<p class="trouble" role="alert">
        This browser cannot paint spans (CSS Custom Highlight API). A newer Chrome, Edge, Safari or
        Firefox can.
      </p>`}
      ${desk.error && html`<${Trouble} error=${desk.error} again=${() => again(undefined)} />`}
      ${desk.isDeleted && html`<p class="trouble" role="alert">This document was deleted meanwhile.</p>`}
      ${isGone && html`<${Gone} key=${wanted} id=${wanted} />`}
      <${Bench}
        desk=${desk}
        role=${desk.isDeleted ? "reader" : role}
        wanted=${wanted}
      />
    </div>
  `;
}
