import { isDeepStrictEqual } from "node:util";
import { markUnsure } from "../../errors/errors.js";
import type { S3BucketMapError } from "../../errors/errors.js";
import type { State, Stored } from "../../map/internals.js";
import { keeping } from "../../map/methods.js";
import { copyOf, kindOfContainer } from "../data/copies.js";
import { apply, needsUnchanged } from "./actions.js";
import type { Edit } from "./actions.js";
import { checkIsTree, nextOrder } from "./document.js";
import type { Document, Home, Known } from "./document.js";
import { aliasIn, childAt, contentOfField, isByIndex, isContainer, nodeAt, textOf } from "./paths.js";
import type { Path } from "./paths.js";

/** The result of storing edits. */
export interface Outcome {
  readonly known: Known;
  /** Whether the stored value is not the edits' `value`: another writer, or a layer below, has changed it. */
  readonly isMerged: boolean;
  /** What the last action returned. It is part of no document. */
  readonly result: unknown;
}

/** Edits of one key, in order, that are stored by one PUT: a single edit, or those of a batch. */
export class Edits {
  readonly #home: Home;
  readonly #key: string;
  readonly #changed: (reason: string) => Error;
  readonly list: Edit[] = [];
  /** The documents that show them. */
  readonly documents: Set<Document> = new Set();
  /** The state that the edits are made on. */
  known: Known;
  /** The value with the edits. It is replaced, never changed. */
  value: unknown;
  /** What the last action returned on that value. */
  #result: unknown;

  /** @param written - what a failure says of earlier edits. By default, that nothing was written */
  constructor(home: Home, { key, known }: Document, written?: string) {
    this.#home = home;
    this.#key = key;
    this.#changed = (reason) => home.changed({ key }, reason, written);
    this.known = known;
    this.value = known.value;
  }

  add(edit: Edit, check: (value: unknown) => void = () => {}): void {
    const { shares } = this.#home;
    const value = copyOf(this.value, shares);
    this.#result = apply(nodeAt(value, edit.path), edit.action, shares);
    if (shares) checkIsTree(value);
    check(value);
    this.value = value;
    this.list.push(edit);
  }

  /** Adds a document that shows the edits. If it knows a later state, the edits are made on that state from now on. */
  join(document: Document): void {
    const { known } = document;
    if (known.order > this.known.order) {
      this.value = this.#madeOn(known.value).value;
      this.known = known;
    }
    this.documents.add(document);
    document.join(this);
  }

  /** Stores the edits. It costs 1 PUT, and 1 GET and 1 PUT more each time that another writer got there first. */
  commit(): Outcome {
    const { below, shares } = this.#home;
    const { from } = this.known;
    let [value, result, isMerged] = [this.value, this.#result, false];
    let last = from;
    let state: State | undefined;
    const change = (now: Stored<unknown> | undefined): unknown => {
      // The first attempt goes on from `from`, without a GET.
      if (now === from) return value;
      if (now === undefined) throw this.#changed("the key no longer exists");
      last = now;
      isMerged = true;
      ({ value, result } = this.#madeOn(now.value));
      return value;
    };
    const stored = below.update(this.#key, change, (read) => keeping(undefined, read), {
      from,
      stored: (told) => (state = told),
    });
    // A layer below may have stored another value than the one that it received.
    if (stored !== value && !isDeepStrictEqual(copyOf(stored, shares), value)) {
      value = copyOf(stored, shares);
      isMerged = true;
    }
    const next = { ...last, value: undefined, etag: undefined, state };
    return { known: { value, from: next, order: nextOrder() }, isMerged, result };
  }

  /**
   * For an exit handler: a callback has ended the process during `commit`. Waits for the write, because it would end with
   * the process. Its outcome is lost, and nothing else shows it for certain.
   */
  endedMeanwhile(): S3BucketMapError {
    try {
      this.#home.below.get(this.#key, "value");
    } catch {
      // Only the wait matters: a read waits for earlier writes to its key.
    }
    const reason = "the process ended while the edits were being stored";
    const error = this.#home.changed({ key: this.#key }, reason, "they may have been stored");
    markUnsure(error);
    return error;
  }

  /**
   * Makes the same edits on another value of the key.
   *
   * @returns the value with them, and what the last action returned there
   * @throws DocumentChanged if one of them would not mean the same there
   */
  #madeOn(other: unknown): { value: unknown; result: unknown } {
    const { shares } = this.#home;
    const [before, value] = [copyOf(this.known.value, shares), copyOf(other, shares)];
    const alias = shares ? aliasIn(value) : undefined;
    if (alias !== undefined) throw this.#changed(`${alias} is now an object that also has another place`);
    let result: unknown;
    for (const edit of this.list) {
      const [old, now] = this.#objectsOf(edit, before, value);
      apply(old, edit.action, shares);
      result = apply(now, edit.action, shares);
    }
    return { value, result };
  }

  /** The objects that an edit changes: the one that it was made on, and the one in another value. */
  #objectsOf({ path, action, hasRead }: Edit, before: unknown, value: unknown): [object, object] {
    let [old, now] = this.#ofOneKind(before, value, []);
    for (const [at, step] of path.entries()) {
      const next = path.slice(0, at + 1);
      if (isByIndex(step) && !isDeepStrictEqual(old, now)) {
        const around = textOf(path.slice(0, at));
        throw this.#changed(`${around} has changed, but the edit needs ${textOf(next)} to be where it was`);
      }
      [old, now] = this.#ofOneKind(childAt(old, step), childAt(now, step), next);
    }
    if (needsUnchanged(old, action)) {
      if (!isDeepStrictEqual(old, now))
        throw this.#changed(`${textOf(path)} has changed, but the edit needs it unchanged`);
    } else if (hasRead && "key" in action) {
      if (!isDeepStrictEqual(contentOfField(old, action.key), contentOfField(now, action.key)))
        throw this.#changed(`${textOf(path, action.key)} has changed since this document read it`);
    }
    return [old, now];
  }

  #ofOneKind(old: unknown, now: unknown, path: Path): [object, object] {
    if (isContainer(old) && isContainer(now) && kindOfContainer(old) === kindOfContainer(now))
      return [old, now];
    throw this.#changed(`${textOf(path)} has been deleted or replaced by another kind of value`);
  }
}
