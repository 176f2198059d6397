/** What is asked before it is done, for it takes away what does not come back. */

/** @typedef {import("../types").Annotation} Annotation */

/**
 * `of` is the annotation as it is when one is asked: what is done then is done to that version, so
 * what somebody writes meanwhile is not overwritten.
 * @typedef {{kind: "change" | "withdraw", of: Annotation, act: () => void}} Question
 */

/** Thrown instead of doing it, when nobody has said which version they looked at. */
export class Asks extends Error {
  /** @param {Question["kind"]} kind @param {Annotation} of */
  constructor(kind, of) {
    super(kind);
    this.kind = kind;
    this.of = of;
  }
}

export class Questions {
  /** @param {() => void} tell called when there is a question, and when there is none any more */
  constructor(tell) {
    this._tell = tell;
    /** @type {Question | null} */
    this.open = null;
  }

  /**
   * Do something or, if it has to be asked about, ask first.
   * @param {(seen?: number) => void} act told the version that one was asked about
   */
  first(act) {
    try {
      act();
    } catch (asks) {
      if (!(asks instanceof Asks)) throw asks;
      const { kind, of } = asks;
      this.open = { kind, of, act: () => act(of.version) };
      this._tell();
    }
  }

  close() {
    this.open = null;
    this._tell();
  }
}
