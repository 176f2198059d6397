import { Refused, get, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { fieldsOf, useForm } from "../../parts/form.js";
import { useLoaded } from "../../parts/loaded.js";
import { Trouble } from "../../parts/trouble.js";
import { html } from "../../vendor/preact.js";

/** @typedef {import("../../types").Project} Project */

/**
 * A project's name, description and settings.
 * @param {{me: import("../../types").Me, project: string}} props
 */
export function Settings({ me, project }) {
  const address = path`/v1/projects/${project}`;
  const { value, error, reload, set } = useLoaded(
    async (signal) => /** @type {Project} */ (await get(address, { signal })),
    [],
  );
  const save = async (/** @type {HTMLFormElement} */ form) => {
    if (!value) return;
    const { name, description, allow_self_review } = fieldsOf(form);
    const body = {
      name,
      description: description || null,
      settings: { allow_self_review: allow_self_review === "on" },
    };
    try {
      const saved = await send("PATCH", address, { body, version: value.version });
      set(() => saved);
    } catch (failure) {
      // What was typed stays in the fields; saving again is then of what has been seen.
      if (isStale(failure)) {
        const { current } = failure.problem;
        set(() => /** @type {Project} */ (/** @type {unknown} */ (current)));
      }
      throw failure;
    }
    announce("Saved.");
  };
  const { busy, refusal, seen, form } = useForm(me.name, `settings of ${project}`, save, value?.version);
  if (error) return html`<${Trouble} error=${error} again=${reload} />`;
  if (!value) return null;
  return html`
    <section>
      <h2>Settings</h2>
      <form class="panel narrow" ...${form}>
        <label>
          Name
          <input name="name" required maxlength="1000" defaultValue=${value.name} dir="auto" />
        </label>
        <label>
          Description
          <textarea
            name="description"
            maxlength="10000"
            defaultValue=${value.description ?? ""}
            dir="auto"
          ></textarea>
        </label>
        <label class="check">
          <input
            type="checkbox"
            name="allow_self_review"
            defaultChecked=${value.settings.allow_self_review}
          />
          Reviewers may decide on annotations of their own
        </label>
        ${isStale(refusal) || seen !== value.version
          ? html`<${Newer} project=${value} />`
          : refusal && html`<${Trouble} error=${refusal} />`}
        <button type="submit" class="main" disabled=${busy}>Save</button>
      </form>
    </section>
  `;
}

/** Whether it was changed meanwhile. @param {unknown} failure @returns {failure is Refused} */
function isStale(failure) {
  return failure instanceof Refused && failure.status === 412;
}

/** @param {{project: Project}} props */
function Newer({ project }) {
  return html`
    <div class="trouble" role="alert">
      <p>
        The project was changed meanwhile, and nothing was written. It is now: name
        “<bdi>${project.name}</bdi>”, description “<bdi>${project.description ?? ""}</bdi>”,
        self-review ${project.settings.allow_self_review ? "allowed" : "not allowed"}. Save again to
        write what stands in the fields.
      </p>
    </div>
  `;
}
