import { Refused, get, path, send } from "../../api.js";
import { announce } from "../../parts/announce.js";
import { fieldsOf } from "../../parts/form.js";
import { useLoaded } from "../../parts/loaded.js";
import { Trouble } from "../../parts/trouble.js";
import { html, useState } from "../../vendor/preact.js";

/** @typedef {import("../../types").Project} Project */

/** A project's name, description and settings. @param {{project: string}} props */
export function Settings({ project }) {
  const address = path`/v1/projects/${project}`;
  const { value, error, reload, set } = useLoaded(
    async (signal) => /** @type {Project} */ (await get(address, { signal })),
    [],
  );
  const [refusal, setRefusal] = useState(/** @type {unknown} */ (null));
  const [moved, setMoved] = useState(false);
  const save = async (/** @type {import("../../parts/form.js").Submitted} */ event) => {
    event.preventDefault();
    if (!value) return;
    const { name, description, allow_self_review } = fieldsOf(event.currentTarget);
    setRefusal(null);
    setMoved(false);
    try {
      const body = {
        name,
        description: description || null,
        settings: { allow_self_review: allow_self_review === "on" },
      };
      set(await send("PATCH", address, { body, version: value.version }));
      announce("Saved.");
    } catch (failure) {
      if (failure instanceof Refused && failure.status === 412) {
        // What was typed stays in the fields; saving again is then of what has been seen.
        set(/** @type {Project} */ (/** @type {unknown} */ (failure.problem.current)));
        setMoved(true);
      } else setRefusal(failure);
    }
  };
  if (error) return html`<${Trouble} error=${error} again=${reload} />`;
  if (!value) return null;
  return html`
    <section>
      <h2>Settings</h2>
      <form class="panel narrow" onSubmit=${save}>
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
        ${refusal && html`<${Trouble} error=${refusal} />`}
        ${moved && html`<${Newer} project=${value} />`}
        <button type="submit" class="main">Save</button>
      </form>
    </section>
  `;
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
