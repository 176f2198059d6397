import { isComposed } from "../../parts/keys.js";
import { STATUSES } from "../../parts/status.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Verdict} Verdict */
/** @typedef {import("./decisions.js").Draft} Draft */

/** The verdicts, as they are said in the interface, with their keys. */
/** @type {{verdict: Verdict, does: string, key: string, sign: string}[]} */
export const VERDICTS = [
  { verdict: "approve", does: "Approve", key: "a", sign: STATUSES.approved.sign },
  { verdict: "reject", does: "Reject", key: "r", sign: STATUSES.rejected.sign },
  {
    verdict: "request_changes",
    does: "Request changes",
    key: "c",
    sign: STATUSES.changes_requested.sign,
  },
];

/** @param {Verdict} verdict */
export function said(verdict) {
  return VERDICTS.find((one) => one.verdict === verdict)?.does ?? verdict;
}

/**
 * The verdict and the comment.
 * @param {{draft: Draft, mayApprove: boolean, blocked: boolean, keep: (draft: Draft) => void,
 *   choose: (verdict: Verdict) => void, send: () => void}} props `blocked` while the annotation has
 *   changed and nobody has looked
 */
export function DecisionForm({ draft, mayApprove, blocked, keep, choose, send }) {
  const { comment } = draft;
  const offered = VERDICTS.filter((one) => mayApprove || one.verdict !== "approve");
  const verdict = offered.find((one) => one.verdict === draft.verdict)?.verdict;
  const needed = verdict === "reject" || verdict === "request_changes";
  const hint = needed ? "needed: it goes back to the author" : "needed to reject or to request changes";
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    send();
  };
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && !isComposed(event)) document.getElementById("item")?.focus();
  };
  return html`
    <form class="decide" aria-label="Decision" onSubmit=${submit}>
      <div class="row">
        ${offered.map(
          (one) => html`
            <button
              type="button"
              value=${one.verdict}
              disabled=${blocked}
              aria-pressed=${one.verdict === "approve" ? undefined : verdict === one.verdict}
              onClick=${() => choose(one.verdict)}
            >
              <span aria-hidden="true">${one.sign}</span> ${one.does}
              ${" "}<kbd aria-hidden="true">${one.key}</kbd>
            </button>
          `,
        )}
      </div>
      <label>
        Comment${" "}
        <small>${hint}</small>
        <textarea
          id="comment"
          rows="2"
          dir="auto"
          required=${needed}
          value=${comment}
          onKeyDown=${leave}
          onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) =>
            keep({ ...draft, comment: event.currentTarget.value })}
        ></textarea>
      </label>
      ${verdict &&
      html`
        <div class="row">
          <button type="submit" class="main" disabled=${blocked}>${said(verdict)} and go on</button>
          <span class="faint"><kbd>Ctrl</kbd><kbd>Enter</kbd>, <kbd>Esc</kbd> leaves the comment</span>
          <button type="button" class="quiet" onClick=${() => keep({ verdict: null, comment })}>
            Not so
          </button>
        </div>
      `}
    </form>
  `;
}
