import { checkNoOptions } from "../../arguments/method-options.js";
import { entriesOf, iterable } from "../../map/iterables.js";
import { PartialFailureError } from "../../errors/errors.js";
import {
  placeOf,
  hintReads,
  valueKind,
  storedReads,
  unchanged,
  backgroundWrites,
  writesAreDurable,
} from "../../map/internals.js";
import { mapped } from "../../map/mapped.js";
import type {
  ValueKind,
  Needs,
  Stored,
  StoredReads,
  BackgroundWrites,
  HasBackgroundWrites,
} from "../../map/internals.js";
import type { ListOptions, ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";
import { valueKindOf } from "../foundation/base.js";
import { toBytes } from "../foundation/bytes.js";
import { checkUnchangeable, copy } from "./cache-store.js";
import type { CacheStore, Moment } from "./cache-store.js";
import { forgettingWrites } from "./forgetting-writes.js";
import { Layer } from "../foundation/layer.js";
import { readsOf } from "../foundation/reads.js";

/** What iteration reads at once at most. */
const WINDOW = 32;

/** @see cache */
export class CacheLayer<V> extends Layer<V> implements SyncMap<V> {
  protected readonly shown: readonly [string, object];
  readonly #store: CacheStore<V>;
  readonly #revalidate: boolean;
  readonly #prefix: string;
  readonly #reads: StoredReads<V>;
  #closed = false;

  constructor(base: SyncMap<V>, store: CacheStore<V>, revalidate: boolean, options: object, prefix = "") {
    super(base);
    this.shown = ["cache", options];
    this.#store = store;
    this.#revalidate = revalidate;
    this.#prefix = prefix;
    this.#reads = readsOf(base);
  }

  get [valueKind](): ValueKind {
    return valueKindOf(this.base);
  }

  get [storedReads](): StoredReads<V> {
    return {
      get: (key, needs) => this.#get(key, needs),
      getIfChanged: (key, etag, needs) => this.#getIfChanged(key, etag, needs),
      getMany: (keys, needs) => this.#getMany(keys, needs),
      entries: (options, needs) => this.#entries(options, needs),
      update: (key, change, options) => this.#writing([key], () => this.#reads.update(key, change, options)),
    };
  }

  get [backgroundWrites](): BackgroundWrites<V> {
    const base = (this.base as SyncMap<V> & HasBackgroundWrites<V>)[backgroundWrites];
    const place = this[placeOf]()?.prefix ?? "";
    // The keys of writes are whole ones, and the prefix of this map is the end of that of its place.
    const start = place.length - this.#prefix.length;
    return forgettingWrites(base, (key) => this.#store.forget(key.slice(start)));
  }

  override has(key: string): boolean {
    const fresh = this.#fresh(key, "value");
    if (fresh !== undefined) return fresh.stored !== undefined;
    const before = this.#store.moment;
    const found = this.base.has(key);
    if (!found) this.#keep(key, undefined, before);
    return found;
  }

  set(key: string, value: V, options?: SetOptions): this {
    this.#writing(
      [key],
      () => this.base.set(key, value, options),
      (before) => this.#keepWritten(key, value, options, before),
    );
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    return this.#writing([key], () => this.base.create(key, value, options));
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    const keys: string[] = [];
    const all: (readonly [string, V])[] = [];
    const noted = mapped(entriesOf(entries), (entry) => {
      keys.push(entry[0]);
      all.push(entry);
      return entry;
    });
    this.#writing(
      keys,
      () => this.base.setMany(noted, options),
      (before) => all.forEach(([key, value]) => this.#keepWritten(key, value, options, before)),
    );
    return this;
  }

  override delete(key: string): boolean;
  override delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    return this.#writing([key], () => this.base.delete(key));
  }

  override deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    const all: string[] = [];
    const noted = mapped(iterable(keys, "deleteMany takes an iterable of keys"), (key) => {
      all.push(key);
      return key;
    });
    this.#writing(all, () => this.base.deleteMany(noted));
  }

  override clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    this.#store.forgetAll(this.#prefix);
    try {
      this.base.clear();
    } finally {
      this.#store.forgetAll(this.#prefix);
    }
  }

  /** @internal */
  override [hintReads](keys: readonly string[], isKnown?: (key: string) => boolean): void {
    // To read ahead what is known would cost the requests that the cache is to save.
    super[hintReads](keys, (key) => this.#known(key) !== undefined || isKnown?.(key) === true);
  }

  subMap(prefix: string): SyncMap<V> {
    const base = this.base.subMap(prefix);
    return new CacheLayer(base, this.#store, this.#revalidate, this.shown[1], this.#prefix + prefix);
  }

  override close(): void {
    this.#closed = true;
    this.base.close();
  }

  #get(key: string, needs: Needs): Stored<V> | undefined {
    const fresh = this.#fresh(key, needs);
    if (fresh !== undefined) return copy(fresh.stored);
    const before = this.#store.moment;
    const entry = this.#known(key);
    const etag = this.#revalidate ? entry?.stored?.etag : undefined;
    const read =
      etag === undefined ? this.#reads.get(key, needs) : this.#reads.getIfChanged(key, etag, needs);
    if (read !== unchanged) return this.#keep(key, read, before);
    this.#store.confirm(entry!, needs, before);
    return copy(entry!.stored);
  }

  #getIfChanged(key: string, etag: string, needs: Needs): Stored<V> | typeof unchanged | undefined {
    const fresh = this.#fresh(key, needs);
    if (fresh !== undefined) {
      return needs === "value" && fresh.stored?.etag === etag ? unchanged : copy(fresh.stored);
    }
    const before = this.#store.moment;
    const read = this.#reads.getIfChanged(key, etag, needs);
    return read === unchanged ? unchanged : this.#keep(key, read, before);
  }

  #getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>> {
    const fresh = new Map<string, ReturnType<CacheStore<V>["get"]>>();
    const before = this.#store.moment;
    const read = this.#reads.getMany(
      this.#notFresh(iterable(keys, "getMany takes an iterable of keys"), fresh, needs),
      needs,
    );
    const found = new Map<string, Stored<V>>();
    for (const key of fresh.keys()) {
      const entry = fresh.get(key);
      const stored = entry === undefined ? this.#keep(key, read.get(key), before) : copy(entry.stored);
      if (stored !== undefined) found.set(key, stored);
    }
    return found;
  }

  /** The keys that must be read; what is known of each is noted. */
  *#notFresh(
    keys: Iterable<string>,
    fresh: Map<string, ReturnType<CacheStore<V>["get"]>>,
    needs: Needs,
  ): Generator<string, void, undefined> {
    for (const key of keys) {
      const known = this.#fresh(key, needs);
      fresh.set(key, known);
      if (known === undefined) yield key;
    }
  }

  // Which keys there are is always asked; the values of some may be known.
  #entries(options: ListOptions | undefined, needs: Needs): IterableIterator<[string, Stored<V>]> {
    if (this.#store.limits.ttl === 0) return this.#reads.entries(options, needs);
    return this.#entriesOf(this.base.keys(options), needs);
  }

  *#entriesOf(listed: Iterable<string>, needs: Needs): IterableIterator<[string, Stored<V>]> {
    let keys: string[] = [];
    let window = 1;
    for (const key of listed) {
      // It is there, whatever was known of it when it was not.
      const known = this.#known(key);
      if (known !== undefined && known.stored === undefined) this.#store.forget(this.#prefix + key);
      if (keys.push(key) < window) continue;
      yield* this.#several(keys, needs);
      keys = [];
      window = Math.min(2 * window, WINDOW);
    }
    yield* this.#several(keys, needs);
  }

  *#several(keys: string[], needs: Needs): IterableIterator<[string, Stored<V>]> {
    const before = this.#store.moment;
    const asked = new Set(keys.filter((key) => this.#fresh(key, needs) === undefined));
    let read: Map<string, Stored<V>> | undefined;
    try {
      read = this.#getMany(asked, needs);
    } catch (error) {
      if (!(error instanceof PartialFailureError)) throw error;
      // Then one by one: those before the one that fails are given, and its own error is thrown.
    }
    for (const key of keys) {
      // The program goes on between them: it may have written, or taken its time.
      const isRead = read !== undefined && asked.has(key) && this.#store.isStill(before);
      const stored = isRead ? read?.get(key) : this.#get(key, needs);
      if (stored !== undefined) yield [key, stored];
    }
  }

  #known(key: unknown): ReturnType<CacheStore<V>["get"]> {
    // What is no key, and a map that is closed, the base refuses.
    return typeof key !== "string" || this.#closed ? undefined : this.#store.get(this.#prefix + key);
  }

  #fresh(key: unknown, needs: Needs): ReturnType<CacheStore<V>["get"]> {
    const entry = this.#known(key);
    return entry !== undefined && this.#store.isFresh(entry, needs) ? entry : undefined;
  }

  /** Keeps what was read, unless something was written meanwhile (by a callback, during a `deasync` wait). */
  #keep(key: string, stored: Stored<V> | undefined, before: Moment): Stored<V> | undefined {
    if (stored !== undefined) checkUnchangeable(stored.value);
    const useful = stored?.etag !== undefined || this.#store.limits.ttl > 0;
    if (useful && this.#store.writes === before.writes)
      this.#store.keep(this.#prefix + key, copy(stored), before);
    return stored;
  }

  // Only what is read as it was written, and surely is stored, can be known without reading it.
  #keepWritten(key: string, value: unknown, options: ObjectOptions | undefined, before: Moment): void {
    if (this.#store.limits.ttl === 0 || !this[writesAreDurable]()) return;
    const kind = this[valueKind];
    if (kind === "bytes") value = Buffer.from(toBytes(value));
    else if (kind !== "string" || typeof value !== "string") return;
    const contentEncoding = options?.contentEncoding;
    this.#store.keep(this.#prefix + key, { value: value as V, etag: undefined, contentEncoding }, before);
  }

  /** @param after - what is known then, unless another write came in between (by a callback, during a `deasync` wait) */
  #writing<T>(keys: readonly string[], write: () => T, after?: (before: Moment) => void): T {
    const forget = (): void => {
      for (const key of keys) this.#store.forget(this.#prefix + key);
    };
    forget();
    const before = this.#store.moment;
    let undisturbed = false;
    try {
      const result = write();
      undisturbed = this.#store.writes === before.writes;
      return result;
    } finally {
      forget();
      if (undisturbed) after?.(before);
    }
  }
}
