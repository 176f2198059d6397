import { Refused, newId, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { Dialog } from "../../parts/dialog.js";
import { useDraft } from "../../parts/draft.js";
import { LANGUAGE, fieldsOf, textOf, useForm } from "../../parts/form.js";
import { Trouble } from "../../parts/trouble.js";
import { go, link, staying } from "../../router.js";
import { same } from "../../state/same.js";
import { html, useState } from "../../vendor/preact.js";

/**
 * A new document: its text is pasted, or comes from a file that is chosen or dropped. What is typed
 * and not added is there when one comes back.
 * @param {{me: string, project: string, onClose: () => void}} props
 */
export function AddDocument({ me, project, onClose }) {
  const [unread, setUnread] = useState(/** @type {unknown} */ (null));
  const [over, setOver] = useState(false);
  const [added, setAdded] = useState(/** @type {string | null} */ (null));
  // What was sent and not answered: the same again, under its id, is not there twice.
  const none = /** @type {{id: string} | null} */ (null);
  const [sent, setSent] = useDraft(me, "document", project, none);
  const add = async (
    /** @type {HTMLFormElement} */ shown,
    /** @type {() => boolean} */ isAsSent,
  ) => {
    const isThere = staying(shown);
    setUnread(null);
    setAdded(null);
    const { title, language, source_url, published_on } = fieldsOf(shown);
    const body = {
      id: newId(),
      title,
      text: named(shown).text.value,
      language: language || null,
      source_url: source_url || null,
      published_on: published_on || null,
    };
    if (sent && same({ ...body, id: sent.id }, sent)) body.id = sent.id;
    setSent(body);
    try {
      await send("POST", path`/v1/projects/${project}/documents`, { body });
    } catch (failure) {
      if (failure instanceof Refused) setSent(sent);
      throw failure;
    }
    setSent(null);
    if (!isThere()) {
      // Who has shut the form, and may be elsewhere by now, stays there.
      announce(`${title} is added.`);
      return;
    }
    // So does who has typed on.
    if (!isAsSent()) {
      setAdded(`${title} is added as it was sent. What was typed since is another, and not added yet.`);
      return;
    }
    onClose();
    go(link(["projects", project, "documents", body.id]));
  };
  const { busy, refusal, isBack, keep, form } = useForm(me, `document of ${project}`, add);
  const error = unread || refusal;
  const mayBeThere = sent !== null && !busy;

  /** @param {File | undefined} file @param {HTMLFormElement} shown */
  const take = async (file, shown) => {
    if (!file) return;
    setUnread(null);
    try {
      const text = await textOf(file);
      const { title, text: area } = named(shown);
      area.value = text;
      title.value ||= file.name.replace(/\.[^.]+$/, "");
      keep();
      announce(`${file.name} was read.`);
    } catch (failure) {
      setUnread(failure);
    }
  };
  const drop = (/** @type {DragEvent & {currentTarget: HTMLFormElement}} */ event) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files[0], event.currentTarget);
  };
  const hover = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`
    <${Dialog} title="Add a document" onClose=${onClose}>
      <form
        ...${form}
        class=${`add-document${over ? " over" : ""}`}
        onDrop=${drop}
        onDragOver=${hover}
        onDragLeave=${() => setOver(false)}
      >
        ${added && html`<p role="status">${added}</p>`}
        ${isBack &&
        !added &&
        html`
          <p role="status">
            What you typed before is here still${mayBeThere
              ? ". It was sent, and no answer came: it may be added already. Sent again as it is, it is there once."
              : ", and not added yet."}
          </p>
        `}
        <label>Title <input name="title" required maxlength="1000" dir="auto" /></label>
        <label>Text <textarea name="text" rows="10" required dir="auto"></textarea></label>
        <label>
          Or a text file, chosen here or dropped anywhere on this form
          <input
            type="file"
            accept=".txt,text/plain"
            onChange=${(/** @type {{currentTarget: HTMLInputElement & {form: HTMLFormElement}}} */ event) =>
              take(event.currentTarget.files?.[0], event.currentTarget.form)}
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
          ${isBack && html`<button type="reset" class="quiet">Clear the form</button>`}
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
