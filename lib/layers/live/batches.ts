import { countFrames, functionsOnStack, WAIT_MARK } from "../../copies/stack-frames.js";
import type { Edits } from "./edits.js";

let made = 0;

/** The batches of a live map and its sub-maps that are open, and the edits that they have not stored yet. */
export class Batches {
  /** By the key in the whole map. */
  readonly edits: Map<string, Edits> = new Map();
  /** The prefixes of those that are open, innermost last. */
  #open: string[] = [];
  // Names that identify functions of this map on the JavaScript stack: Ctrl-C at a prompt runs no `finally`.
  readonly #mark: string = `s3bucketmap:live batch ${__filename} ${(made += 1)}`;
  readonly #compareMark: string = `${this.#mark} comparator`;
  #comparing = 0;

  /** Runs a batch's function. */
  run<T>(prefix: string, fn: () => T): T {
    this.#forgetInterrupted();
    const before = this.#open;
    this.#open = [...before, prefix];
    try {
      return named(this.#mark, fn)() as T;
    } finally {
      this.#open = before;
    }
  }

  /** Whether any batch is open. */
  get isAny(): boolean {
    this.#forgetInterrupted();
    return this.#open.length > 0;
  }

  /** Whether an edit that is made now belongs to a batch. One in a callback, during a deasync wait, does not. */
  covers(key: string): boolean {
    if (!this.isAny || !this.#open.some((prefix) => key.startsWith(prefix))) return false;
    const names = functionsOnStack();
    const wait = names.indexOf(WAIT_MARK);
    return wait === -1 || names.indexOf(this.#mark) < wait;
  }

  /** The edits of a key that are not stored yet. */
  of(key: string): Edits | undefined {
    if (this.edits.size === 0) return undefined;
    this.#forgetInterrupted();
    return this.edits.get(key);
  }

  /** Runs a function that may not edit. */
  compare<T>(fn: () => T): T {
    this.#comparing += 1;
    try {
      return named(this.#compareMark, fn)() as T;
    } finally {
      this.#comparing -= 1;
    }
  }

  get isComparing(): boolean {
    if (this.#comparing === 0) return false;
    this.#comparing = countFrames(this.#compareMark);
    return this.#comparing > 0;
  }

  // Nobody will store the edits of a batch that Ctrl-C has ended: the documents show again what is stored.
  #forgetInterrupted(): void {
    if (this.#open.length === 0) return;
    this.#open = this.#open.slice(0, countFrames(this.#mark));
    if (this.#open.length > 0) return;
    for (const { documents, known } of this.edits.values()) {
      for (const document of documents) document.restore(known);
    }
    this.edits.clear();
  }
}

function named(name: string, fn: () => unknown): () => unknown {
  const frame = (): unknown => fn();
  return Object.defineProperty(frame, "name", { value: name });
}
