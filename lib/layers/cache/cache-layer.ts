import { checkNoOptions } from "../../arguments/method-options.js";
import { PartialFailureError } from "../../errors/errors.js";
import { filesOf } from "../../map/file-map.js";
import type { FileMap } from "../../map/file-map.js";
import { internals, unchanged } from "../../map/internals.js";
import type { Internals, Needs, Prepared, Sending, Stored } from "../../map/internals.js";
import { checkedEntries, iterable, mapped } from "../../map/iterables.js";
import type { ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";
import { areBytes, toView } from "../../arguments/values.js";
import { Layer } from "../foundation/layer.js";
import { checkUnchangeable, copy } from "./cache-store.js";
import type { CacheStore, Entry, Moment } from "./cache-store.js";

/** At most this many values are read at once during iteration. */
const WINDOW = 32;

/** @see cache */
export class CacheLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    get: (key, needs) => this.#get(key, needs),
    getIfChanged: (key, etag, needs) => this.#getIfChanged(key, etag, needs),
    getMany: (keys, needs) => this.#getMany(keys, needs),
    entries: (options, needs) =>
      this.#store.limits.ttl === 0
        ? this.below.entries(options, needs)
        : this.#entriesOf(this.base.keys(options), needs),
    update: (key, ...change) => this.#writing([key], () => this.below.update(key, ...change)),
    writing: (method, keys, write) => this.#writing(keys, () => this.below.writing(method, keys, write)),
    // Reading ahead what is cached would cost the requests that the cache saves.
    hintReads: (keys, isKnown) =>
      this.below.hintReads(keys, (key) => this.#known(key) !== undefined || isKnown?.(key) === true),
    send: (writes) => this.#send(writes),
    removeMany: (etags) => this.#writing([...etags.keys()], () => this.below.removeMany(etags)),
  };
  readonly #store: CacheStore<V>;
  readonly #revalidate: boolean;
  readonly #options: object;
  readonly #prefix: string;
  #closed = false;

  /** @param prefix - the prefix of this sub-map within the map that the store belongs to */
  constructor(base: SyncMap<V>, store: CacheStore<V>, revalidate: boolean, options: object, prefix = "") {
    super(base, "cache", options);
    this.#store = store;
    this.#revalidate = revalidate;
    this.#options = options;
    this.#prefix = prefix;
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
    const own = this.#ownBytes(value);
    this.#writing(
      [key],
      () => this.base.set(key, own, options),
      (before) => this.#keepWritten(key, own, options, before),
    );
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    return this.#writing([key], () => this.base.create(key, value, options));
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    const keys: string[] = [];
    const all: (readonly [string, V])[] = [];
    const noted = mapped(checkedEntries(entries), ([key, value]) => {
      const entry = [key, this.#ownBytes(value)] as const;
      keys.push(key);
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
    const noted = mapped(iterable(keys, "deleteMany requires an iterable of keys"), (key) => {
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

  override putFile(...args: Parameters<FileMap<V>["putFile"]>): this {
    const files = filesOf(this.base, "putFile");
    this.#writing([args[0]], () => files.putFile(...args));
    return this;
  }

  override getFile(...args: Parameters<FileMap<V>["getFile"]>): boolean {
    return filesOf(this.base, "getFile").getFile(...args);
  }

  subMap(prefix: string): FileMap<V> {
    const base = this.base.subMap(prefix);
    return new CacheLayer(base, this.#store, this.#revalidate, this.#options, this.#prefix + prefix);
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
    const read = etag === undefined ? this.below.get(key, needs) : this.below.getIfChanged(key, etag, needs);
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
    const read = this.below.getIfChanged(key, etag, needs);
    return read === unchanged ? unchanged : this.#keep(key, read, before);
  }

  #getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>> {
    const fresh = new Map<string, Entry<V> | undefined>();
    const before = this.#store.moment;
    const given = iterable(keys, "getMany requires an iterable of keys");
    const read = this.below.getMany(this.#notFresh(given, fresh, needs), needs);
    const found = new Map<string, Stored<V>>();
    for (const [key, entry] of fresh) {
      const stored = entry === undefined ? this.#keep(key, read.get(key), before) : copy(entry.stored);
      if (stored !== undefined) found.set(key, stored);
    }
    return found;
  }

  /** Yields the keys that must be read. Records in `fresh` what the cache has for each key. */
  *#notFresh(
    keys: Iterable<string>,
    fresh: Map<string, Entry<V> | undefined>,
    needs: Needs,
  ): Generator<string, void, undefined> {
    for (const key of keys) {
      const entry = this.#fresh(key, needs);
      fresh.set(key, entry);
      if (entry === undefined) yield key;
    }
  }

  *#entriesOf(listed: Iterable<string>, needs: Needs): IterableIterator<[string, Stored<V>]> {
    let keys: string[] = [];
    let window = 1;
    for (const key of listed) {
      // The key was just listed, so an entry that says that it is missing is outdated.
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
      // Some keys cannot be read. The loop below reads one key at a time, so it yields those before the first failure.
      if (!(error instanceof PartialFailureError)) throw error;
    }
    for (const key of keys) {
      // Between two values, the program may write, or the ttl may pass.
      const isRead = read !== undefined && asked.has(key) && this.#store.isStill(before);
      const stored = isRead ? read?.get(key) : this.#get(key, needs);
      if (stored !== undefined) yield [key, stored];
    }
  }

  #known(key: unknown): Entry<V> | undefined {
    // The base throws for an invalid key, and for any key of a closed map.
    return typeof key !== "string" || this.#closed ? undefined : this.#store.get(this.#prefix + key);
  }

  #fresh(key: unknown, needs: Needs): Entry<V> | undefined {
    const entry = this.#known(key);
    return entry !== undefined && this.#store.isFresh(entry, needs) ? entry : undefined;
  }

  // If a callback during a deasync wait has written, the value that was read is returned, but not cached.
  #keep(key: string, stored: Stored<V> | undefined, before: Moment): Stored<V> | undefined {
    if (stored !== undefined) checkUnchangeable(stored.value);
    const useful = stored?.etag !== undefined || this.#store.limits.ttl > 0;
    if (useful && this.#store.writes === before.writes)
      this.#store.keep(this.#prefix + key, copy(stored), before);
    return stored;
  }

  /** A copy of the program's bytes, which it may change before they are stored and kept. Other values as they are. */
  #ownBytes(value: V): V {
    const { ttl, maxBytes } = this.#store.limits;
    if (ttl === 0 || this.below.valueKind !== "bytes" || !areBytes(value)) return value;
    return value.byteLength > maxBytes ? value : (Buffer.from(toView(value)) as V);
  }

  // Only strings and bytes are certain to be read back as they were written.
  #keepWritten(key: string, value: unknown, options: ObjectOptions | undefined, before: Moment): void {
    if (this.#store.limits.ttl === 0 || !this.below.writesAreDurable()) return;
    const { valueKind } = this.below;
    if (valueKind === "bytes") value = typeof value === "string" ? Buffer.from(value) : value;
    else if (valueKind !== "string" || typeof value !== "string") return;
    const contentEncoding = options?.contentEncoding;
    this.#store.keep(
      this.#prefix + key,
      { value: value as V, etag: undefined, contentEncoding, lastModified: this.below.serviceTime() },
      before,
    );
  }

  /** @param after - called unless another write came in between, for example in a callback during a deasync wait */
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

  #send(writes: readonly Prepared<unknown>[]): Sending {
    // The writes have full keys. The prefix of this sub-map is the end of the prefix in its place.
    const start = (this.below.place?.prefix ?? "").length - this.#prefix.length;
    const forget = (): void => {
      for (const { key } of writes) this.#store.forget(key.slice(start));
    };
    forget();
    const sending = this.below.send(writes);
    const finish: Sending["finish"] = () => {
      try {
        return sending.finish();
      } finally {
        forget();
      }
    };
    return { isDone: () => sending.isDone(), finish };
  }
}
