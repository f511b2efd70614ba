import { performance } from "node:perf_hooks";
import { argumentError } from "../../errors/errors.js";
import type { Needs, Stored } from "../../map/internals.js";

/** What a cache knows of a key. */
export interface Entry<V> {
  /** Undefined for a missing key. */
  readonly stored: Stored<V> | undefined;
  readonly bytes: number;
  /** When the value, its Content-Encoding and its age were last confirmed. */
  readonly knownAt: Record<Needs, number>;
}

/** When a read or write began. */
export interface Moment {
  /** {@link CacheStore.writes} at that time. */
  readonly writes: number;
  readonly at: number;
}

export interface CacheLimits {
  readonly max: number;
  readonly maxBytes: number;
  readonly ttl: number;
}

/** The overhead of an entry. */
const ENTRY_BYTES = 100;

/**
 * The entries of a cache and its sub-maps, by their keys in the whole cache. Each use inserts the entry again, so the
 * Map's insertion order begins with the least recently used entry.
 */
export class CacheStore<V> {
  readonly limits: CacheLimits;
  readonly #entries: Map<string, Entry<V>> = new Map();
  #bytes = 0;
  #writes = 0;

  constructor(limits: CacheLimits) {
    this.limits = limits;
  }

  /** Counts the beginnings and ends of writes. If the count changes during a read, the value may be outdated. */
  get writes(): number {
    return this.#writes;
  }

  /** Taken before a read or write begins, because the value may be as old as that. */
  get moment(): Moment {
    return { writes: this.#writes, at: performance.now() };
  }

  /** Whether a value that was read at that moment can still be returned. */
  isStill({ writes, at }: Moment): boolean {
    return writes === this.#writes && performance.now() - at < this.limits.ttl;
  }

  get(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  isFresh(entry: Entry<V>, needs: Needs): boolean {
    return performance.now() - entry.knownAt[needs] < this.limits.ttl;
  }

  /** Records that a conditional read that began at that moment found the entry unchanged. */
  confirm(entry: Entry<V>, needs: Needs, { at }: Moment): void {
    entry.knownAt[needs] = at;
  }

  keep(key: string, stored: Stored<V> | undefined, { at }: Moment): void {
    this.#drop(key);
    const bytes = ENTRY_BYTES + 2 * key.length + sizeOf(stored);
    if (bytes > this.limits.maxBytes) return;
    this.#entries.set(key, { stored, bytes, knownAt: { value: at, encoding: at, age: at } });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.limits.max && this.#bytes <= this.limits.maxBytes) return;
      this.#drop(oldest);
    }
  }

  /** Called at the beginning and at the end of a write, so that the result of a read in flight is not kept. */
  forget(key: string): void {
    this.#writes += 1;
    this.#drop(key);
  }

  forgetAll(prefix: string): void {
    this.#writes += 1;
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(key);
  }
}

function sizeOf(stored: Stored<unknown> | undefined): number {
  const value = stored?.value;
  if (typeof value === "string") return 2 * value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  // A rough guess: a parsed value takes more memory than its text.
  return 8 * (stored?.size ?? 0);
}

/** Copies the value if it is a Buffer, which the program may change. */
export function copy<V>(stored: Stored<V> | undefined): Stored<V> | undefined {
  if (!Buffer.isBuffer(stored?.value)) return stored;
  return { ...stored, value: Buffer.from(stored.value) as V };
}

/** @throws TypeError for an object that the program could change */
export function checkUnchangeable(value: unknown): void {
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value) || Object.isFrozen(value)) return;
  throw argumentError(
    "cache cannot keep an object that the program could change. " +
      "Put the cache below the layer that creates the object, as in transform(cache(map), …).",
  );
}
