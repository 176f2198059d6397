import { atLeast } from "../parts/roles.js";
import { link } from "../router.js";
import { html, useEffect } from "../vendor/preact.js";
import { Export } from "./manage/export.js";
import { Import } from "./manage/import.js";
import { Members } from "./manage/members.js";
import { Releases } from "./manage/releases.js";
import { SchemeSection } from "./manage/scheme.js";
import { Settings } from "./manage/settings.js";

/** @typedef {import("../types").Role} Role */

/**
 * The sections, each at an address of its own, and the least role that sees it.
 * @type {Record<string, {title: string, least: Role, show: unknown}>}
 */
const SECTIONS = {
  members: { title: "Members", least: "reader", show: Members },
  scheme: { title: "Scheme", least: "reader", show: SchemeSection },
  import: { title: "Import", least: "annotator", show: Import },
  export: { title: "Export", least: "reader", show: Export },
  releases: { title: "Releases", least: "reader", show: Releases },
  settings: { title: "Settings", least: "manager", show: Settings },
};

/**
 * A project's members, scheme, files and settings.
 * @param {import("../main.js").ViewProps} props
 */
export function Manage({ me, project, role, id }) {
  const manages = role === "manager";
  const seen = Object.entries(SECTIONS).filter(([, { least }]) => atLeast(role, least));
  const named = id || (manages ? "members" : "export");
  const section = seen.find(([name]) => name === named)?.[1];
  const title = manages ? "Manage" : "Data";
  useEffect(() => {
    document.title = `${section?.title ?? title} · ${project} · Stet`;
  }, []);
  return html`
    <h1>${title}</h1>
    <nav class="sections" aria-label="Sections">
      ${seen.map(
        ([name, { title }]) => html`
          <a
            href=${link(["projects", project, "manage", name])}
            aria-current=${name === named ? "page" : undefined}
            >${title}</a
          >
        `,
      )}
    </nav>
    ${
      section
        ? html`<${section.show} me=${me} project=${project} manages=${manages} />`
        : html`<p>There is no such section, or it takes a manager.</p>`
    }
  `;
}
