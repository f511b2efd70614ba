import { exit } from "../../global/at-exit.js";
import type { S3BucketMapError } from "../../errors/errors.js";
import { functionsOnStack, inFrame, thisCopy, WAIT_MARK } from "../../global/stack-frames.js";
import type { Edit } from "./actions.js";
import { nextOrder } from "./document.js";
import type { Edits } from "./edits.js";

/** Edits of a key that could not be stored, with the last error. */
export interface Failed {
  readonly error: S3BucketMapError;
  readonly edits: readonly Edit[];
}

/** A batch. Its keys are relative to the outermost live map. */
export interface Batch {
  /** The batch covers the keys that begin with one of these. */
  readonly prefixes: readonly string[];
  /** The edits that are not stored yet, by key. A batch shares this Map with the batches inside it. */
  readonly edits: Map<string, Edits>;
  /** The edits that are being stored, by key. Also shared. */
  readonly storing: Map<string, Edits>;
  /** The keys whose edits have been stored. Also shared. */
  readonly stored: Set<string>;
  /** The keys with edits that could not be stored. Also shared. */
  readonly failed: Map<string, Failed>;
  /** The keys that were set or deleted as a whole. The batch of the base may not have finished these writes. */
  readonly sent: Set<string>;
  /** States that were read or stored during the batch have a higher order. */
  readonly since: number;
  /** The same for each key that was written other than by edits. Also shared. */
  readonly writtenSince: Map<string, number>;
}

let made = 0;

/**
 * The running batches of a live map and its sub-maps, and the running functions that may be called again. The
 * JavaScript stack says which these are, because Ctrl-C at a prompt runs no `finally`. A callback during a deasync wait
 * is not part of them: the frame of that wait is between it and them.
 */
export class Batches {
  /** Innermost last. */
  #open: Batch[] = [];
  /**
   * At least as many functions as `guard` is running. It is too high after Ctrl-C, which skips the `finally`. At 0 the
   * stack need not be searched.
   */
  #guards = 0;
  /** The name of the functions on the stack that run a batch of this map. */
  readonly #mark: string = `s3bucketmap:live batch ${thisCopy} ${(made += 1)}`;

  /** The batch that the running code is part of. */
  get current(): Batch | undefined {
    // If the function of a batch ended the process, the batch is still on the stack while exit handlers run.
    if (this.#open.length === 0 || exit().hasBegun) return undefined;
    return this.#running().includes(this.#mark) ? this.#open.at(-1) : undefined;
  }

  create(prefix: string): Batch {
    const outer = this.current;
    return {
      prefixes: [...(outer?.prefixes ?? []), prefix],
      edits: outer?.edits ?? new Map<string, Edits>(),
      storing: outer?.storing ?? new Map<string, Edits>(),
      stored: outer?.stored ?? new Set(),
      failed: outer?.failed ?? new Map<string, Failed>(),
      sent: new Set(),
      since: outer?.since ?? nextOrder(),
      writtenSince: outer?.writtenSince ?? new Map<string, number>(),
    };
  }

  run<T>(batch: Batch, fn: () => T): T {
    const before = this.#open;
    this.#open = [...before, batch];
    try {
      return inFrame(this.#mark, fn);
    } finally {
      this.#open = before;
    }
  }

  isOpen(batch: Batch): boolean {
    this.#running();
    return this.#open.includes(batch);
  }

  /**
   * Runs a comparator, or the function of an `update`. @param key - the key of the update; undefined for a comparator
   */
  guard<T>(key: string | undefined, fn: () => T): T {
    this.#guards += 1;
    try {
      return inFrame(this.#guardMark(key), fn);
    } finally {
      this.#guards -= 1;
    }
  }

  /**
   * Whether the running code is part of a comparator, or, if a key is given, of a function of `update` for that key.
   */
  isGuarded(key?: string): boolean {
    return this.#guards > 0 && this.#running().includes(this.#guardMark(key));
  }

  #guardMark(key: string | undefined): string {
    return `${this.#mark} ${key === undefined ? "compares" : `updates ${JSON.stringify(key)}`}`;
  }

  /**
   * The names of the functions that run now, down to the wait whose callback is running, if there is one. Forgets the
   * batches that Ctrl-C has ended.
   */
  #running(): (string | null)[] {
    const names = functionsOnStack();
    this.#forgetAllBut(names.filter((name) => name === this.#mark).length);
    const wait = names.indexOf(WAIT_MARK);
    return wait === -1 ? names : names.slice(0, wait);
  }

  #forgetAllBut(outermost: number): void {
    const ended = this.#open.slice(outermost);
    this.#open = this.#open.slice(0, outermost);
    // Their edits will never be stored, so the documents show again what they showed before.
    for (const { edits, storing } of ended) {
      if (this.#open.some((batch) => batch.edits === edits)) continue;
      for (const { documents } of [...edits.values(), ...storing.values()])
        for (const document of documents) document.restore();
      edits.clear();
      storing.clear();
    }
  }
}

export function covers({ prefixes }: Batch, key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}
