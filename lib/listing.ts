import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";

/** How long after its last use a listing still answers. */
const LIVES_MS = 1000;

/** Where a map's keys are: maps of one bucket tell each other of their writes. */
export interface Place {
  readonly bucket: string;
  /** What the map was told of where the bucket is. */
  readonly service: string;
  readonly prefix: string;
}

/** The method that tells a map's {@link Place}; layers pass their base's on. */
export const placeOf: unique symbol = Symbol("s3bucketmap.placeOf");

export interface HasPlace {
  [placeOf](): Place | undefined;
}

/** The method that tells a map that its keys, as it listed them, are likely to be read; layers pass it on. */
export const readsToCome: unique symbol = Symbol("s3bucketmap.readsToCome");

export interface HasReadsToCome {
  /** @param isKnown - the keys that a layer will answer for itself */
  [readsToCome](keys: readonly string[], isKnown?: (key: string) => boolean): void;
}

/** The method that gives all keys at once, where a map has a faster way than `keys()`; layers pass their base's on. */
export const allKeys: unique symbol = Symbol("s3bucketmap.allKeys");

export interface HasAllKeys {
  [allKeys](): string[];
}

// The listings in use, by their bucket's name.
const inUse = new Map<string, Set<WeakRef<Listing>>>();

/** Lets every listing of a bucket know of a write by this thread. */
export function tellListings({ bucket, service }: Place, wholeKey: string, write: Write): void {
  const listings = inUse.get(bucket);
  if (listings === undefined) return;
  for (const ref of listings) {
    const listing = ref.deref();
    if (listing === undefined || listing.isOver) listings.delete(ref);
    // An endpoint may stand in the environment for one map and in the options of another: perhaps it is
    // the same bucket, perhaps another of its name.
    else listing.note(wholeKey, listing.service === service ? write : "unsure");
  }
  if (listings.size === 0) inUse.delete(bucket);
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
  readonly service: string;
  readonly #prefix: string;
  readonly #writes: Map<string, Write> = new Map();
  #keys: readonly string[];
  #cursor = 0;
  #positions: Map<string, number> | undefined;
  #usedAt: number;
  #end: NodeJS.Timeout;

  constructor(keys: readonly string[], { bucket, service, prefix }: Place) {
    this.#keys = keys;
    this.service = service;
    this.#prefix = prefix;
    this.#usedAt = performance.now();
    this.#end = this.#endLater(LIVES_MS);
    const listings = inUse.get(bucket) ?? new Set();
    inUse.set(bucket, listings.add(new WeakRef<Listing>(this)));
  }

  get isOver(): boolean {
    return this.#isOverAt(performance.now());
  }

  #isOverAt(now: number): boolean {
    return this.#cursor >= this.#keys.length || now - this.#usedAt > LIVES_MS;
  }

  /** Whether the key is there, or undefined where the listing cannot tell. */
  answer(key: string): boolean | undefined {
    const now = performance.now();
    if (this.#isOverAt(now)) return undefined;
    const position = this.#keys[this.#cursor] === key ? this.#cursor : this.#positionOf(key);
    if (position === undefined || position < this.#cursor) return undefined;
    this.#cursor = position + 1;
    this.#usedAt = now;
    const write = this.#writes.size === 0 ? undefined : this.#writes.get(this.#prefix + key);
    if (this.#isOverAt(now)) this.#drop();
    return write === "unsure" ? undefined : write !== "deleted";
  }

  note(wholeKey: string, write: Write): void {
    this.#writes.set(wholeKey, write);
  }

  /** Takes over what a newer listing of the same keys found. */
  correct(newer: ReadonlySet<string>): void {
    this.#writes.clear();
    for (const key of this.#keys.slice(this.#cursor)) {
      if (!newer.has(key)) this.note(this.#prefix + key, "deleted");
    }
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
