import { newId, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { Dialog } from "../../parts/dialog.js";
import { LANGUAGE, fieldsOf, textOf } from "../../parts/form.js";
import { Trouble } from "../../parts/trouble.js";
import { go, link } from "../../router.js";
import { html, useRef, useState } from "../../vendor/preact.js";

/**
 * A new document: its text is pasted, or comes from a file that is chosen or dropped.
 * @param {{project: string, onClose: () => void}} props
 */
export function AddDocument({ project, onClose }) {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const [over, setOver] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  // Made once: sent again after a lost answer, the document is not there twice.
  const id = useRef(newId());

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
