import { Refused } from "../api.js";
import { html, useCallback, useEffect, useRef, useState } from "../vendor/preact.js";

/** Told when somebody has signed in, after a session that ended while views were open too. */
export const signedIn = new EventTarget();

const loading = new EventTarget();
let count = 0;

/** @param {1 | -1} by */
function loads(by) {
  count += by;
  loading.dispatchEvent(new Event("change"));
}

/** Says that something is being loaded; style.css shows it where that takes long. */
export function Loading() {
  const [some, setSome] = useState(count > 0);
  useEffect(() => {
    const changed = () => setSome(count > 0);
    changed();
    loading.addEventListener("change", changed);
    return () => loading.removeEventListener("change", changed);
  }, []);
  return some && html`<div class="loading">Loading …</div>`;
}

/**
 * What is loaded when a view opens, and again whenever `inputs` change.
 *
 * What was there stays until the new is there, so that nothing flickers; an answer that was
 * overtaken is dropped. What failed because the session had ended is no error of the view's: it is
 * loaded when one has signed in again.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {readonly unknown[]} inputs
 * @returns {{value: T | undefined, error: unknown, reload: () => void,
 *   set: (change: (value: T) => T) => void}} `set` changes what is there by then: what was there when
 *   something was asked for may be another by the time that it is answered
 */
export function useLoaded(load, inputs) {
  const [state, setState] = useState(
    /** @type {{value: T | undefined, error: unknown}} */ ({ value: undefined, error: null }),
  );
  const [times, setTimes] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const underway = useRef(/** @type {AbortController | null} */ (null));
  useEffect(() => {
    const abort = new AbortController();
    underway.current = abort;
    loads(1);
    latest
      .current(abort.signal)
      .then(
        (value) => abort.signal.aborted || setState({ value, error: null }),
        (error) => abort.signal.aborted || setState((before) => ({ ...before, error })),
      )
      .finally(() => {
        if (underway.current === abort) underway.current = null;
        loads(-1);
      });
    return () => abort.abort();
  }, [...inputs, times]);
  const reload = useCallback(() => setTimes((before) => before + 1), []);
  const unknown = state.error instanceof Refused && state.error.status === 401;
  useEffect(() => {
    if (!unknown) return undefined;
    signedIn.addEventListener("signedin", reload);
    return () => signedIn.removeEventListener("signedin", reload);
  }, [unknown]);
  const set = useCallback((/** @type {(value: T) => T} */ change) => {
    setState((before) =>
      before.value === undefined ? before : { value: change(before.value), error: null },
    );
    // What is on its way may have been read before, and would take it back.
    if (underway.current) reload();
  }, []);
  return { value: state.value, error: unknown ? null : state.error, reload, set };
}
