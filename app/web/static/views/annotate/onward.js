import { announce } from "../../parts/announce.js";
import { useKeys } from "../../parts/keys.js";
import { go, link, place } from "../../router.js";
import { setAside, waitingFor } from "../../state/waiting.js";
import { html, useRef } from "../../vendor/preact.js";

/**
 * From one document to the next that waits for one. What one has marked nothing in is set aside, and
 * not offered again.
 * @param {{desk: import("../../state/desk.js").Desk}} props
 */
export function Onward({ desk }) {
  const busy = useRef(false);
  const { project, id } = desk.document;
  const me = desk.me.name;
  const on = async () => {
    if (busy.current) return;
    busy.current = true;
    try {
      const next = await waitingFor(project, me, { but: id });
      // Who has gone elsewhere meanwhile stays there.
      if (place().parts[3] !== id) return;
      // Only what has been seen whole is known to have nothing of one's own.
      const own = !desk.isWhole || [...desk.annotations.values()].some(({ author }) => author === me);
      if (!own) setAside(project, me, id);
      if (next) go(link(["projects", project, "documents", next.id]));
      const aside = own ? "" : "You have marked nothing: it is set aside. ";
      announce(`${aside}${next ? `Now: ${next.title}` : "No other document waits for you."}`);
    } catch (error) {
      announce(`Not gone on. ${/** @type {Error} */ (error).message}`);
    } finally {
      busy.current = false;
    }
  };
  useKeys("Documents", [{ keys: ["Alt+Enter"], does: "The next document that waits for you", run: on }]);
  return html`
    <button type="button" class="onward" onClick=${on}>Next document <kbd>Alt</kbd><kbd>Enter</kbd></button>
  `;
}
