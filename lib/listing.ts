import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";

/** How long after its last use a listing still answers. */
const LIVES_MS = 1000;

/** Where a map's keys are: maps with the same place tell each other of their writes. */
export interface Place {
  readonly name: string;
  readonly prefix: string;
}

/** The method that tells a map's {@link Place}; layers pass their base's on. */
export const placeOf: unique symbol = Symbol("s3bucketmap.placeOf");

export interface HasPlace {
  [placeOf](): Place | undefined;
}

// The listings in use, by the place they were made of.
const inUse = new Map<string, Set<WeakRef<Listing>>>();

/** Lets every listing of a place know of a write by this thread. */
export function tellListings(place: string, wholeKey: string, write: Write): void {
  const listings = inUse.get(place);
  if (listings === undefined) return;
  for (const ref of listings) {
    const listing = ref.deref();
    if (listing === undefined || listing.isOver) listings.delete(ref);
    else listing.note(wholeKey, write);
  }
  if (listings.size === 0) inUse.delete(place);
}

export type Write = "set" | "deleted" | "unsure";

/**
 * What `ownKeys` found, for the questions that follow it: `Object.keys`, spread and `for…in` list the keys
 * and then ask for the descriptor of each, in order. A key at or after the cursor is answered from the
 * listing, once, and moves the cursor past it; anything else must be asked of S3.
 *
 * Neither a microtask nor a write of this thread ends it, or a loop whose body awaits or writes would cost a
 * request a key; but it knows of those writes.
 */
export class Listing {
  readonly #prefix: string;
  readonly #writes: Map<string, Write> = new Map();
  #keys: readonly string[];
  #cursor = 0;
  #positions: Map<string, number> | undefined;
  #usedAt: number;
  #end: NodeJS.Timeout;

  constructor(keys: readonly string[], place: Place | undefined) {
    this.#keys = keys;
    this.#prefix = place?.prefix ?? "";
    this.#usedAt = performance.now();
    this.#end = this.#endLater(LIVES_MS);
    if (place === undefined) return;
    const listings = inUse.get(place.name) ?? new Set();
    inUse.set(place.name, listings.add(new WeakRef<Listing>(this)));
  }

  get isOver(): boolean {
    return this.#cursor >= this.#keys.length || performance.now() - this.#usedAt > LIVES_MS;
  }

  /** Whether the key is there, or undefined where the listing cannot tell. */
  answer(key: string): boolean | undefined {
    if (this.isOver) return undefined;
    const position = this.#keys[this.#cursor] === key ? this.#cursor : this.#positionOf(key);
    if (position === undefined || position < this.#cursor) return undefined;
    this.#cursor = position + 1;
    this.#usedAt = performance.now();
    if (this.isOver) this.#drop();
    const write = this.#writes.get(this.#prefix + key);
    return write === "unsure" ? undefined : write !== "deleted";
  }

  note(wholeKey: string, write: Write): void {
    this.#writes.set(wholeKey, write);
  }

  #positionOf(key: string): number | undefined {
    this.#positions ??= new Map(this.#keys.map((listed, position) => [listed, position]));
    return this.#positions.get(key);
  }

  // A million keys must not stay in memory for a question that will not come.
  #endLater(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const left = this.#usedAt + LIVES_MS - performance.now();
      if (left > 0) this.#end = this.#endLater(left);
      else this.#drop();
    }, ms).unref();
  }

  #drop(): void {
    clearTimeout(this.#end);
    this.#keys = [];
    this.#positions = undefined;
    this.#writes.clear();
  }
}
