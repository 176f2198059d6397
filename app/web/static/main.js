/** The page's beginning: who one is, which view is shown, and what stands around it. */

import { Unreachable, actAs, get, signedOut } from "./api.js";
import { membersChanged } from "./live.js";
import { Announcements, announce } from "./parts/announce.js";
import { useArrival } from "./parts/arrival.js";
import { Frame } from "./parts/frame.js";
import { Loading, signedIn, useLoaded } from "./parts/loaded.js";
import { Trouble } from "./parts/trouble.js";
import { isId, place } from "./router.js";
import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";
import { SignIn, SignInAgain } from "./views/signin.js";
import { nowSpeaks, onSpeaker, speaker } from "./state/kept.js";
import { outboxOf } from "./state/outbox.js";

/** @typedef {import("./types").Me} Me */
/** @typedef {import("./types").Project} Project */
/** @typedef {import("./types").Role} Role */
/** @typedef {import("./router.js").Place} Place */

/**
 * What every view is given.
 * @typedef {object} ViewProps
 * @property {Me} me
 * @property {Place} place
 * @property {string} project its slug; empty where no project is open
 * @property {Role} role what one is in the project
 * @property {string} id the fourth part of the place, if there is one
 */

/** The views inside a project, loaded when they are first opened. */
/** @type {Record<string, () => Promise<(props: ViewProps) => unknown>>} */
const INSIDE = {
  "": async () => (await import("./views/documents.js")).Documents,
  documents: async () => (await import("./views/annotate.js")).Annotate,
  review: async () => (await import("./views/review.js")).Review,
  returned: async () => (await import("./views/returned.js")).Returned,
  compare: async () => (await import("./views/compare.js")).Compare,
  overview: async () => (await import("./views/overview.js")).Overview,
  manage: async () => (await import("./views/manage.js")).Manage,
};
/** @type {Record<string, () => Promise<(props: ViewProps) => unknown>>} */
const OUTSIDE = {
  "": async () => (await import("./views/projects.js")).Projects,
  tokens: async () => (await import("./views/tokens.js")).Tokens,
  users: async () => (await import("./views/users.js")).Users,
};

/**
 * Which view a place is, and what it is given.
 * @param {Place} at
 * @param {Me} me
 */
function chosen(at, me) {
  const [first = "", slug = "", name = "", id = ""] = at.parts;
  const inside = first === "projects" && slug !== "";
  const isNone = ["documents", "compare"].includes(name) && !isId(id);
  const membership = me.memberships.find((one) => one.project === slug);
  return {
    load: inside ? (isNone ? undefined : INSIDE[name]) : OUTSIDE[first],
    props: {
      me,
      place: at,
      project: inside ? slug : "",
      role: me.is_admin ? "manager" : (membership?.role ?? "reader"),
      id,
    },
  };
}

/**
 * What has become of one's role where one is, if another.
 * @param {Me} before
 * @param {Me} now
 * @param {Place} at
 */
function standing(before, now, at) {
  const { project, role } = chosen(at, now).props;
  if (!project || role === chosen(at, before).props.role) return "";
  const isMember = now.is_admin || now.memberships.some((one) => one.project === project);
  return isMember ? `You are ${role} in ${project} now.` : `You are no member of ${project} any more.`;
}

/** @param {{me: Me, at: Place}} props */
function View({ me, at }) {
  const { load, props } = chosen(at, me);
  const { value, error } = useLoaded(
    async () => ({ load, view: load && (await load().catch(unreachable)) }),
    [load],
  );
  const shown = useRef(/** @type {{view: unknown, props: ViewProps} | null} */ (null));
  // Until a view is loaded, the one before it stays, with what it was given: it is not shown a place
  // that is not its own.
  if (value?.load === load) shown.current = { view: value?.view, props };
  useArrival(shown.current?.props.place.parts.join("/") ?? "");
  if (error) return html`<${Unloaded} error=${error} />`;
  if (!shown.current) return null;
  const { view, props: given } = shown.current;
  if (!view) return html`<${NoSuchPage} />`;
  // A view of another document is another view: nothing of the one before it stays.
  return html`<${view} key=${given.place.parts.join("/")} ...${given} />`;
}

/**
 * In another page of the browser somebody else has signed in. What is here stays, to be read and
 * copied, but is not sent, and nothing more is asked for: it would be what the other one may see.
 * @param {{me: string, now: string}} props
 */
function SomebodyElse({ me, now }) {
  return html`
    <div class="trouble somebody-else" role="alert">
      <p>
        <strong>${now}</strong> has signed in in another window. This one shows what it had loaded
        for <strong>${me}</strong>: it loads and sends nothing any more.
      </p>
      <button type="button" onClick=${() => location.reload()}>Go on as ${now}</button>
    </div>
  `;
}

/** @returns {never} */
function unreachable() {
  throw new Unreachable("This part of the page could not be loaded.");
}

/**
 * Of a view that could not be loaded. A browser does not ask again for a module that it once did not
 * get: the whole page is loaded again, as soon as there is one.
 * @param {{error: unknown}} props
 */
function Unloaded({ error }) {
  const [trouble, setTrouble] = useState(error);
  useEffect(() => {
    document.title = "Stet";
  }, []);
  const again = () => get("/v1/me").then(() => location.reload(), setTrouble);
  return html`<h1>Not loaded</h1><${Trouble} error=${trouble} again=${again} />`;
}

function NoSuchPage() {
  useEffect(() => {
    document.title = "There is no such page · Stet";
  }, []);
  return html`<h1>There is no such page</h1><p><a href="#/">Projects</a></p>`;
}

/** Begin anew: nothing that the page knows of one user is there for the next. */
function anew() {
  if (root) render(null, root);
  location.reload();
}

function Page() {
  const [at, setPlace] = useState(place);
  const [me, setMe] = useState(/** @type {Me | null | undefined} */ (undefined));
  const [ended, setEnded] = useState(false);
  // Who has signed in elsewhere since; null while nobody has.
  const [last, setLast] = useState(/** @type {string | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const know = (/** @type {Me} */ who) => {
    nowSpeaks(who.name);
    actAs(who.name);
    setMe(who);
  };
  const find = () => {
    setError(null);
    get("/v1/me").then(know, (error) => (error.status === 401 ? setMe(null) : setError(error)));
  };
  // Before the address can be another.
  useLayoutEffect(() => {
    const move = () => setPlace(place());
    const end = () => setEnded(true);
    addEventListener("hashchange", move);
    signedOut.addEventListener("signedout", end);
    const stop = onSpeaker(() => setLast(speaker()));
    find();
    return () => {
      stop();
      removeEventListener("hashchange", move);
      signedOut.removeEventListener("signedout", end);
    };
  }, []);
  const around = at.parts.slice(0, 2).join("/");
  const known = useRef(me);
  known.current = me;
  useEffect(() => {
    // What one may do can have changed since: whoever comes to another project, or hears that its
    // members changed, asks again.
    let asking = new AbortController();
    const again = () => {
      // An answer that was overtaken is none any more.
      asking.abort();
      asking = new AbortController();
      if (!known.current) return;
      get("/v1/me", { signal: asking.signal }).then((/** @type {Me} */ now) => {
        const before = known.current;
        if (before?.name !== now.name) return;
        const changed = standing(before, now, at);
        if (changed) announce(changed);
        setMe(now);
      }, () => {});
    };
    again();
    membersChanged.addEventListener("changed", again);
    return () => {
      asking.abort();
      membersChanged.removeEventListener("changed", again);
    };
  }, [around]);
  const enter = (/** @type {Me} */ who) => {
    setLast(null);
    know(who);
    setEnded(false);
    signedIn.dispatchEvent(new Event("signedin"));
    outboxOf(who.name).resume();
  };
  if (error) return html`<main><${Trouble} error=${error} again=${find} /></main>`;
  if (me === undefined) return null;
  if (me === null) return html`<main><${SignIn} onSignedIn=${enter} /></main>`;
  const { props } = chosen(at, me);
  // The views stay while the session is renewed: what is typed in them is nowhere else.
  return html`
    <${Frame} me=${me} project=${props.project} role=${props.role} onSignedOut=${anew}>
      ${last && last !== me.name && html`<${SomebodyElse} me=${me.name} now=${last} />`}
      <${Loading} />
      <${View} me=${me} at=${at} />
    <//>
    ${ended && html`<${SignInAgain} name=${me.name} onSignedIn=${enter} onLeft=${anew} />`}
  `;
}

const root = document.getElementById("page");
if (root) render(html`<${Page} /><${Announcements} />`, root);
