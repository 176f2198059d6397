import { Confirm } from "../../parts/confirm.js";
import { html } from "../../vendor/preact.js";

/**
 * Asks before something is taken away that does not come back.
 * @param {{questions: import("../../state/questions.js").Questions, me: string}} props
 */
export function Asking({ questions, me }) {
  if (!questions.open) return null;
  const { kind, of, act } = questions.open;
  const withdraws = kind === "withdraw";
  const anew = of.author === me ? " (Ctrl+Z), and then waits for review" : "";
  return html`
    <${Confirm}
      title=${withdraws ? "Withdraw this annotation?" : "Change what is approved?"}
      verb=${withdraws ? "Withdraw" : "Change it"}
      act=${async () => act()}
      onClose=${() => questions.close()}
    >
      <blockquote dir="auto">${of.quote}</blockquote>
      <p>
        ${withdraws
          ? `By ${of.author}, ${of.status.replace("_", " ")}. It stays in the history, but it can only be marked anew${anew}.`
          : "Changed, it waits for review again. Undoing brings back its words, but not the approval."}
      </p>
    <//>
  `;
}
