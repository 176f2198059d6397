/** A document: read it, mark it, and say what is said in it. */

import { announce } from "../parts/announce.js";
import { useLoaded } from "../parts/loaded.js";
import { Badge } from "../parts/status.js";
import { Trouble } from "../parts/trouble.js";
import { link } from "../router.js";
import { canPaint } from "../text/paper.js";
import { html, useEffect, useReducer, useState } from "../vendor/preact.js";
import { Desk } from "../work/desk.js";
import { Bench } from "./annotate/bench.js";

/** @typedef {import("../types").Status} Status */

/** @param {import("../main.js").ViewProps} props */
export function Annotate({ me, project, id, role, place }) {
  const [times, again] = useReducer((/** @type {number} */ before) => before + 1, 0);
  const { value: desk, error } = useLoaded((signal) => Desk.open(project, id, me, signal), [id, times]);
  const [, show] = useReducer((/** @type {number} */ before) => before + 1, 0);
  const [deleted, setDeleted] = useState(false);
  useEffect(() => {
    if (!desk) return undefined;
    document.title = `${desk.document.title} · Stet`;
    const changed = () => show(undefined);
    const heard = (/** @type {Event} */ event) => {
      const { kind, actor } = /** @type {CustomEvent<{kind: string, actor: string | null}>} */ (event).detail;
      announce(`${actor ?? "Somebody"}: ${kind.replace(".", " ")}.`);
    };
    const gone = () => setDeleted(true);
    desk.addEventListener("change", changed);
    desk.addEventListener("heard", heard);
    desk.addEventListener("scheme", again);
    desk.addEventListener("deleted", gone);
    return () => {
      desk.removeEventListener("change", changed);
      desk.removeEventListener("heard", heard);
      desk.removeEventListener("scheme", again);
      desk.removeEventListener("deleted", gone);
      desk.close();
    };
  }, [desk]);
  if (error) return html`<h1>Document</h1><${Trouble} error=${error} again=${() => again(undefined)} />`;
  if (!desk) return null;
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
          ${!desk.connected && html`<span>Not following what others do: no connection.</span>`}
        </p>
      </header>
      ${!canPaint &&
      html`<p class="trouble" role="alert">
        This browser cannot paint spans (CSS Custom Highlight API). A newer Chrome, Edge, Safari or
        Firefox can.
      </p>`}
      ${desk.error && html`<${Trouble} error=${desk.error} again=${() => again(undefined)} />`}
      ${deleted && html`<p class="trouble" role="alert">This document was deleted meanwhile.</p>`}
      <${Bench}
        key=${times}
        desk=${desk}
        role=${role}
        wanted=${place.query.get("annotation") ?? ""}
      />
    </div>
  `;
}
