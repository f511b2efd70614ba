import { isDeepStrictEqual } from "node:util";
import type { Internals, State, Stored } from "../../map/internals.js";
import { keeping } from "../../map/methods.js";
import { copyOf } from "../data/copies.js";
import { checkOneWay, nextOrder } from "./document.js";
import type { Document, Known } from "./document.js";
import { apply, NotTheSame, reapply } from "./operation.js";
import type { Operation } from "./operation.js";
import { nodeAt, secondWay } from "./steps.js";

/** What storing edits needs of the map that the document came from. */
export interface Target {
  readonly below: Internals<unknown>;
  readonly key: string;
  readonly shares: boolean;
  /** The error for a change that was not made. */
  readonly changed: (reason: string) => Error;
}

/** The result of storing edits. */
export interface Outcome {
  readonly known: Known;
  /** Whether the value contains more changes than these edits, because another writer had changed it. */
  readonly isOther: boolean;
  /** What the last action returned. */
  readonly result: unknown;
}

/** Edits of one key, in order, that are stored by one PUT: a single edit, or those of a batch. */
export class Edits {
  readonly #target: Target;
  readonly operations: Operation[] = [];
  /** The documents that show them. */
  readonly documents: Set<Document> = new Set();
  /** The state that the edits are made on. */
  known: Known;
  /** The value with the edits. It is replaced, never changed. */
  value: unknown;

  constructor(target: Target, known: Known) {
    this.#target = target;
    this.known = known;
    this.value = known.value;
  }

  add(operation: Operation, check: (value: unknown) => void = () => {}): void {
    const { shares } = this.#target;
    const value = copyOf(this.value, shares);
    apply(nodeAt(value, operation.path), operation.action, shares);
    if (shares) checkOneWay(value);
    check(value);
    this.value = value;
    this.operations.push(operation);
  }

  /** Makes the same edits on the given state. @throws DocumentChanged if they would not mean the same there */
  rebase(known: Known): void {
    this.value = this.#on(known.value).value;
    this.known = known;
  }

  /** Stores the edits. It costs 1 PUT, and 1 GET and 1 PUT more each time that another writer got there first. */
  commit(): Outcome {
    const { below, key, shares, changed } = this.#target;
    const from: Stored<unknown> = this.known.from ?? {
      value: undefined,
      etag: undefined,
      contentEncoding: undefined,
    };
    let [value, result, isOther] = [this.value, undefined as unknown, false];
    let last: Stored<unknown> | undefined = from;
    let state: State | undefined;
    const change = (now: Stored<unknown> | undefined): unknown => {
      if (now === from) return value;
      if (now === undefined) throw changed("the key has been deleted");
      last = now;
      isOther = true;
      ({ value, result } = this.#on(copyOf(now.value, shares)));
      return value;
    };
    const told = (stored: State | undefined): void => void (state = stored);
    const stored = below.update(key, change, (read) => keeping(undefined, read), { from, stored: told });
    // A layer below may have stored another value than the one that it received.
    if (stored !== value && !isDeepStrictEqual(copyOf(stored, shares), value)) {
      value = copyOf(stored, shares);
      isOther = true;
    }
    const next = state && { ...last, value: undefined, etag: undefined, state };
    return { known: { value, from: next, order: nextOrder() }, isOther, result };
  }

  #on(value: unknown): { value: unknown; result: unknown } {
    const { shares, changed } = this.#target;
    const after = copyOf(value, shares);
    const way = shares ? secondWay(after) : undefined;
    if (way !== undefined) throw changed(`${way} is now an object that also has another place`);
    try {
      const result = reapply(this.operations, copyOf(this.known.value, shares), after, shares);
      return { value: after, result };
    } catch (error) {
      if (error instanceof NotTheSame) throw changed(error.message);
      throw error;
    }
  }
}
