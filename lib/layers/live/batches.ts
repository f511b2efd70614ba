import { functionsOnStack, thisCopy, WAIT_MARK } from "../../global/stack-frames.js";
import { nextOrder } from "./document.js";
import type { Edits } from "./edits.js";

/** A batch whose function is running. Its keys are relative to the outermost live map. */
export interface Batch {
  /** The batch covers the keys that begin with one of these. */
  readonly prefixes: readonly string[];
  /** The edits that are not stored yet, by key. A batch shares this Map with the batches inside it. */
  readonly edits: Map<string, Edits>;
  /** The edits that are being stored. Also shared. */
  readonly storing: Set<Edits>;
  /** The keys whose edits have been stored. Also shared. */
  readonly stored: Set<string>;
  /** The keys that were set or deleted as a whole. The batch of the base may not have finished these writes. */
  readonly sent: Set<string>;
  /** States that were read or stored during the batch have a higher order. */
  readonly since: number;
  /** How many calls were waiting when the batch began. */
  readonly depth: number;
}

/** A function that is running and may be called again. */
interface Guard {
  /** The key of the `update`. Undefined for a comparator. */
  readonly key: string | undefined;
  readonly depth: number;
}

let made = 0;

/**
 * The running batches of a live map and its sub-maps, and the running functions that may be called again. A callback
 * during a deasync wait is not part of them. It is recognized by the number of waiting calls, which is higher than
 * when they began.
 */
export class Batches {
  /** Innermost last. */
  #open: Batch[] = [];
  #guards: Guard[] = [];
  // Function names that identify this map on the JavaScript stack. They are needed because Ctrl-C at a prompt runs no
  // `finally`.
  readonly #mark: string = `s3bucketmap:live batch ${thisCopy} ${(made += 1)}`;
  readonly #guardMark: string = `${this.#mark} guard`;

  /** The batch that the running code is part of. */
  get current(): Batch | undefined {
    if (this.#open.length === 0) return undefined;
    const depth = this.#depth();
    const batch = this.#open.at(-1);
    return batch?.depth === depth ? batch : undefined;
  }

  run<T>(prefix: string, fn: (batch: Batch) => T): T {
    const depth = this.#depth();
    const outer = this.current;
    const batch: Batch = {
      prefixes: [...(outer?.prefixes ?? []), prefix],
      edits: outer?.edits ?? new Map<string, Edits>(),
      storing: outer?.storing ?? new Set<Edits>(),
      stored: outer?.stored ?? new Set(),
      sent: new Set(),
      since: outer?.since ?? nextOrder(),
      depth,
    };
    const before = this.#open;
    this.#open = [...before, batch];
    try {
      return named(this.#mark, () => fn(batch))() as T;
    } finally {
      this.#open = before;
    }
  }

  isOpen(batch: Batch): boolean {
    this.#depth();
    return this.#open.includes(batch);
  }

  /**
   * Runs a comparator, or the function of an `update`. @param key - the key of the update; undefined for a comparator
   */
  guard<T>(key: string | undefined, fn: () => T): T {
    const before = this.#guards;
    this.#guards = [...before, { key, depth: this.#depth() }];
    try {
      return named(this.#guardMark, fn)() as T;
    } finally {
      this.#guards = before;
    }
  }

  /**
   * Whether the running code is part of a comparator, or, if a key is given, of a function of `update` for that key.
   */
  isGuarded(key?: string): boolean {
    if (this.#guards.length === 0) return false;
    const depth = this.#depth();
    return this.#guards.some((guard) => guard.depth === depth && guard.key === key);
  }

  /**
   * Forgets the batches and functions that Ctrl-C has ended. @returns how many calls are waiting below the running
   * code
   */
  #depth(): number {
    const names = functionsOnStack();
    const count = (name: string): number => names.filter((found) => found === name).length;
    this.#guards = this.#guards.slice(0, count(this.#guardMark));
    const ended = this.#open.slice(count(this.#mark));
    this.#open = this.#open.slice(0, count(this.#mark));
    // Their edits will never be stored, so the documents show again what they showed before.
    for (const { edits, storing } of ended) {
      if (this.#open.some((batch) => batch.edits === edits)) continue;
      for (const { documents } of [...edits.values(), ...storing])
        for (const document of documents) document.restore();
      edits.clear();
      storing.clear();
    }
    return count(WAIT_MARK);
  }
}

export function covers({ prefixes }: Batch, key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}

function named(name: string, fn: () => unknown): () => unknown {
  const frame = (): unknown => fn();
  return Object.defineProperty(frame, "name", { value: name });
}
