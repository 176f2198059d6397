import { newId, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { Dialog } from "../../parts/dialog.js";
import { LANGUAGE, fieldsOf, textOf } from "../../parts/form.js";
import { Trouble } from "../../parts/trouble.js";
import { go, link } from "../../router.js";
import { Drafts } from "../../state/drafts.js";
import { html, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";

/**
 * A new document: its text is pasted, or comes from a file that is chosen or dropped. What is typed
 * and not added is there when one comes back.
 * @param {{me: string, project: string, onClose: () => void}} props
 */
export function AddDocument({ me, project, onClose }) {
  /** @type {Drafts<{id: string, fields: Record<string, string>}>} */
  const drafts = new Drafts(me, "document");
  const [before, setBefore] = useState(() => drafts.get(project));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  // Made once: sent again after a lost answer, the document is not there twice.
  const id = useRef(before?.id ?? newId());
  const keep = () => {
    if (!form.current) return;
    const fields = /** @type {Record<string, string>} */ (
      Object.fromEntries([...new FormData(form.current)].filter(([, value]) => typeof value === "string"))
    );
    const isTyped = Object.values(fields).some((value) => value !== "");
    drafts.set(project, isTyped ? { id: id.current, fields } : null);
  };
  useLayoutEffect(() => {
    for (const [name, value] of Object.entries(before?.fields ?? {})) {
      const field = form.current?.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
    }
    // Before the drafts are asked whether all is kept.
    addEventListener("beforeunload", keep, { capture: true });
    return () => {
      removeEventListener("beforeunload", keep, { capture: true });
      keep();
    };
  }, []);
  const clear = () => {
    form.current?.reset();
    id.current = newId();
    setBefore(null);
    setError(null);
  };

  /** @param {File | undefined} file */
  const take = async (file) => {
    if (!file || !form.current) return;
    setError(null);
    try {
      const text = await textOf(file);
      const { title, text: area } = named(form.current);
      area.value = text;
      title.value ||= file.name.replace(/\.[^.]+$/, "");
      announce(`${file.name} was read.`);
    } catch (failure) {
      setError(failure);
    }
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files[0]);
  };
  const hover = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  const submit = async (/** @type {import("../../parts/form.js").Submitted} */ event) => {
    event.preventDefault();
    const { title, language, source_url, published_on } = fieldsOf(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      const body = {
        id: id.current,
        title,
        text: named(event.currentTarget).text.value,
        language: language || null,
        source_url: source_url || null,
        published_on: published_on || null,
      };
      const made = await send("POST", path`/v1/projects/${project}/documents`, { body });
      form.current?.reset();
      onClose();
      go(link(["projects", project, "documents", made.id]));
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title="Add a document" onClose=${onClose}>
      <form
        ref=${form}
        class=${`add-document${over ? " over" : ""}`}
        onSubmit=${submit}
        onDrop=${drop}
        onDragOver=${hover}
        onDragLeave=${() => setOver(false)}
      >
        ${before && html`<p role="status">What you typed before is here still, and not added yet.</p>`}
        <label>Title <input name="title" required maxlength="1000" dir="auto" /></label>
        <label>Text <textarea name="text" rows="10" required dir="auto"></textarea></label>
        <label>
          Or a text file, chosen here or dropped anywhere on this form
          <input
            type="file"
            accept=".txt,text/plain"
            onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) =>
              take(event.currentTarget.files?.[0])}
          />
        </label>
        <div class="form-columns">
          <label>
            Language
            <input
              name="language"
              ...${LANGUAGE}
              autocomplete="off"
              aria-describedby="language-form"
              size="8"
            />
          </label>
          <label>Published on <input name="published_on" type="date" /></label>
          <label class="wide">
            Source <input name="source_url" type="url" placeholder="https://" />
          </label>
        </div>
        <p>
          <small id="language-form">
            A language is written as a tag, such as en, uk or pt-BR.
          </small>
        </p>
        ${error && html`<${Trouble} error=${error} />`}
        <div class="row">
          <button type="submit" class="main" disabled=${busy}>Add</button>
          <button type="button" onClick=${onClose}>Cancel</button>
          ${before && html`<button type="button" class="quiet" onClick=${clear}>Clear the form</button>`}
        </div>
      </form>
    <//>
  `;
}

/**
 * The two fields that a file fills.
 * @param {HTMLFormElement} form
 */
function named(form) {
  const title = form.elements.namedItem("title");
  const text = form.elements.namedItem("text");
  return {
    title: /** @type {HTMLInputElement} */ (title),
    text: /** @type {HTMLTextAreaElement} */ (text),
  };
}
