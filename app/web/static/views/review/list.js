import { LabelName } from "../../parts/label.js";
import { html } from "../../vendor/preact.js";
import { short } from "../../text/short.js";
import { said } from "./form.js";
import { useScrolled } from "../../parts/scrolled.js";

/** @typedef {import("./queue.js").Entry} Entry */

/** So much of a quote, in UTF-16 code units, fills the two lines that it has. */
const SHOWN = 200;

/**
 * The queue: what one looks at, what is on its way, what was refused, and what is selected.
 * @param {{queue: import("./queue.js").Queue, decisions: import("./decisions.js").Decisions,
 *   labels: import("../../types").Label[], me: string, selected: Set<string>, mayDecide: boolean,
 *   allowSelf: boolean, maySelect: (entry: Entry) => boolean, choose: (id: string) => void,
 *   approve: () => void}} props
 */
export function QueueList(props) {
  const { queue, labels, selected, mayDecide, allowSelf, maySelect } = props;
  const { choose, approve } = props;
  const isOwn = (/** @type {Entry} */ { now }) => !allowSelf && now.author === props.me;
  const pane = useScrolled(queue.held);
  const selectable = queue.entries.filter(maySelect).map((entry) => entry.id);
  const unselected = selectable.filter((id) => !selected.has(id));
  const every = selectable.length > 0 && !unselected.length;
  return html`
    <section class="queue" aria-label="Queue">
      ${mayDecide &&
      queue.entries.length > 0 &&
      html`
        <div class="row many">
          <label class="check">
            <input
              type="checkbox"
              checked=${every}
              disabled=${!selectable.length}
              onChange=${() => queue.toggle(every ? selectable : unselected)}
            />
            <span>
              All ${queue.next !== null &&
              html`${queue.entries.length}<span class="unseen"> loaded</span>`}
            </span>
          </label>
          <button type="button" disabled=${!selected.size} onClick=${approve}>
            Approve ${selected.size} selected <kbd aria-hidden="true">A</kbd>
          </button>
        </div>
      `}
      <ol ref=${pane}>
        ${queue.entries.map(
          (entry) => html`
            <li key=${entry.id} class=${entry.id === queue.held ? "held" : ""}>
              ${mayDecide &&
              html`
                <label class="pick">
                  <input
                    type="checkbox"
                    aria-label=${`Select ${entry.now.label} “${short(entry.now.quote)}”`}
                    checked=${selected.has(entry.id)}
                    disabled=${!maySelect(entry)}
                    onChange=${() => queue.toggle([entry.id])}
                  />
                </label>
              `}
              <button
                type="button"
                class="quiet"
                aria-current=${entry.id === queue.held ? "true" : undefined}
                onClick=${() => choose(entry.id)}
              >
                <span class="words" dir="auto">${entry.now.quote.slice(0, SHOWN)}</span>
                <span class="about">
                  <${LabelName} labels=${labels} name=${entry.now.label} />
                  <span>${isOwn(entry) ? "⊘ yours" : entry.now.author}</span>
                  <${State} entry=${entry} decisions=${props.decisions} />
                </span>
              </button>
            </li>
          `,
        )}
        ${queue.next !== null &&
        html`<li><button type="button" onClick=${() => queue.more()}>Load more</button></li>`}
      </ol>
    </section>
  `;
}

/** @param {{entry: Entry, decisions: import("./decisions.js").Decisions}} props */
function State({ entry, decisions }) {
  const verdict = decisions.waiting(entry.id);
  if (verdict) return html`<em>… ${said(verdict).toLowerCase()}, on its way</em>`;
  if (entry.withdrawn) return html`<strong>✕ withdrawn</strong>`;
  if (entry.now.version !== entry.seen.version) return html`<strong>≠ changed meanwhile</strong>`;
  if (entry.refused) return html`<strong>⚠ not taken</strong>`;
  return null;
}
