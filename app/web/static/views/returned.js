/** What came back to oneself, why, and one's answer to it. */

import { all, get, path, query } from "../api.js";
import { follow, logEnd } from "../live.js";
import { useLoaded } from "../parts/loaded.js";
import { Trouble } from "../parts/trouble.js";
import { html, useEffect, useLayoutEffect, useState } from "../vendor/preact.js";
import { Drafts } from "../state/drafts.js";
import { outboxOf } from "../state/outbox.js";
import { BackItem } from "./returned/item.js";

/** @typedef {import("../types").Annotation} Annotation */
/** @typedef {import("../types").Change} Change */
/** @typedef {import("../state/outbox.js").Outcome} Outcome */

const HOW = "An answer sends one back to review.";
/** So many are shown at once. */
const SHOWN = 20;

/**
 * One that came back; withdrawn since, it is there only for the answer that is typed to it.
 * @typedef {Annotation & {withdrawn?: boolean}} Back
 */

/** @param {Back} annotation */
function isBack({ status, withdrawn }) {
  return !withdrawn && (status === "changes_requested" || status === "rejected");
}

/**
 * What came back, kept up to date; what is answered leaves.
 * @param {string} project
 * @param {string} me
 */
function useBack(project, me) {
  const loaded = useLoaded(
    async (signal) => {
      const end = await logEnd(project, signal);
      const asked = { author: me, status: ["changes_requested", "rejected"], offset_unit: "utf16" };
      const address = `${path`/v1/projects/${project}/annotations`}${query(asked)}`;
      const [scheme, items] = await Promise.all([
        get(path`/v1/projects/${project}/scheme`, { signal }),
        all(address, { signal }),
      ]);
      return {
        end,
        labels: /** @type {import("../types").Label[]} */ (scheme.labels),
        items: /** @type {Annotation[]} */ (items),
      };
    },
    [project, me],
  );
  const { value } = loaded;
  const [items, setItems] = useState(/** @type {Back[]} */ ([]));
  // Before it is painted: what is there is not said to be nothing.
  useLayoutEffect(() => {
    if (!value) return;
    setItems(value.items);
    const put = (/** @type {Annotation} */ state) =>
      setItems((before) => {
        const known = before.find((one) => one.id === state.id);
        if (known && known.version >= state.version) return before;
        const others = before.filter((one) => one.id !== state.id);
        // Edited elsewhere, it is pending again; an answer that is being typed is told so.
        return isBack(state) || known ? [...others, state] : others;
      });
    /** @param {string} id */
    const drop = (id) =>
      setItems((before) => before.filter((one) => one.id !== id));
    const answers = new Drafts(me, "answer");
    /** @param {string} id */
    const withdraw = (id) => {
      if (answers.get(id) === null) drop(id);
      else setItems((before) => before.map((one) => (one.id === id ? { ...one, withdrawn: true } : one)));
    };
    const outbox = outboxOf(me);
    const answered = (/** @type {Event} */ event) => {
      const { write, answer, refused } = /** @type {CustomEvent<Outcome>} */ (event).detail;
      if (!refused && answer?.status === "pending") drop(write.subject);
    };
    const stop = follow(project, value.end, ({ kind, subject, state }) => {
      if (kind === "annotation.withdrawn") withdraw(subject);
      else if (kind.startsWith("annotation.") && state?.author === me) put(state);
    });
    outbox.addEventListener("outcome", answered);
    return () => {
      outbox.removeEventListener("outcome", answered);
      stop();
    };
  }, [value]);
  const sorted = [...items].sort((one, other) => (latest(one) < latest(other) ? 1 : -1));
  /** @param {string} id */
  const leave = (id) => setItems((before) => before.filter((one) => one.id !== id));
  return { ...loaded, items: sorted, leave };
}

/** @param {Annotation} annotation */
function latest({ decided_at, updated_at }) {
  return decided_at ?? updated_at;
}

/** What came back to oneself in a project. @param {import("../main.js").ViewProps} props */
export function Returned({ me, project }) {
  const { value, items, error, reload, leave } = useBack(project, me.name);
  const [most, setMost] = useState(SHOWN);
  useEffect(() => {
    document.title = `Came back · ${project} · Stet`;
  }, [project]);
  const count = items.filter(isBack).length;
  return html`
    <h1>Came back to you</h1>
    ${error && html`<${Trouble} error=${error} again=${reload} />`}
    ${value &&
    html`
      <p role="status">
        ${count
          ? `${count} of your annotations ${count === 1 ? "was" : "were"} not approved. ${HOW}`
          : "Nothing has come back to you. What a reviewer rejects or wants changed appears here."}
      </p>
    `}
    <div class="back">
      ${value &&
      items
        .slice(0, most)
        .map(
          (item) => html`
            <${BackItem}
              key=${item.id}
              item=${item}
              labels=${value.labels}
              me=${me.name}
              leave=${() => leave(item.id)}
            />
          `,
        )}
    </div>
    ${items.length > most &&
    html`<p><button type="button" onClick=${() => setMost(most + SHOWN)}>Show more</button></p>`}
  `;
}
