import { checkEntriesOptions, checkListOptions, checkNoOptions } from "../../arguments/method-options.js";
import { argumentError, PreconditionFailedError, S3BucketMapError } from "../../errors/errors.js";
import { OwnEtags } from "../../errors/own-etags.js";
import { internals } from "../../map/internals.js";
import type { Internals, Resumed, Stored } from "../../map/internals.js";
import type {
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
  SyncMap,
} from "../../map/sync-map.js";
import { Layer } from "../foundation/layer.js";

const SECOND_MS = 1000;

/** The maximum number of attempts of `create` while other programs replace and delete the key. */
const MAX_TURNS = 100;

const inWholeSeconds = (ms: number): number => Math.floor(ms / SECOND_MS) * SECOND_MS;

/** @see expire */
export class ExpireLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    get: (key) => this.#fresh(this.below.get(key, "age")),
    // An unchanged ETag does not say when the bytes were last stored.
    getIfChanged: (key) => this.#fresh(this.below.get(key, "age")),
    getMany: (keys) => this.#freshIn(this.below.getMany(keys, "age")),
    // The service would also copy expired values.
    formats: undefined,
    read: (keys, failed) => this.#freshIn(this.below.read(keys, failed)),
    entries: (options) => this.#entries(checkListOptions(options)),
    update: (key, change, optionsFor, resumed, isMissing) =>
      this.below.update(
        key,
        change,
        optionsFor,
        resumed && this.#resumedIfFresh(resumed),
        (lastModified) => this.#isExpired(lastModified) || isMissing?.(lastModified) === true,
      ),
    allKeys: () => [...this.keys()],
    // The keys come from `list`, which does not tell the bucket the sizes that reading ahead relies on.
    hintReads: () => {},
    url: (key, options) => {
      if (options?.method === "PUT") return this.below.url(key, options);
      throw argumentError(
        "expire does not support url, because the link would still work after the value has expired. " +
          "Call url of the base map of expire.",
      );
    },
    purge: () => this.#purge(),
  };
  readonly #ms: number;

  constructor(base: SyncMap<V>, ms: number) {
    super(base, "expire", { ms });
    this.#ms = ms;
  }

  set(key: string, value: V, options?: SetOptions): this {
    this.base.set(key, value, options);
    return this;
  }

  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this {
    this.base.setMany(entries, options);
    return this;
  }

  create(key: string, value: V, options?: ObjectOptions): boolean {
    const etags = new OwnEtags();
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (this.base.create(key, value, options)) return true;
      const head = this.base.head(key);
      // It was deleted in the meantime.
      if (head === undefined) continue;
      if (!this.#isExpired(head.lastModified.getTime())) return false;
      etags.given(head);
      if (etags.areRefused) throw this.#cannotCreate(key, etags.failure);
      try {
        this.base.set(key, value, { ...options, ifMatch: head.etag });
        return true;
      } catch (error) {
        // Another writer got there first.
        if (!(error instanceof PreconditionFailedError)) throw error;
        etags.refused(head);
      }
    }
    const reason = "each time the service said that another writer got there first";
    throw this.#cannotCreate(key, { code: "TooMuchContention", reason });
  }

  #cannotCreate(key: string, { code, reason }: { code: string; reason: string }): S3BucketMapError {
    return this.#error(code, `Cannot create ${JSON.stringify(key)}`, `${reason}; nothing was written`, key);
  }

  override has(key: string): boolean {
    return this.head(key) !== undefined;
  }

  override head(key: string): ObjectHead | undefined {
    const head = this.base.head(key);
    return head === undefined || this.#isExpired(head.lastModified.getTime()) ? undefined : head;
  }

  override delete(key: string): boolean;
  override delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    return this.base.delete(key);
  }

  override keys(options?: ListOptions): IterableIterator<string> {
    return keysOf(this.list(checkListOptions(options)));
  }

  override get size(): number {
    return this[internals].allKeys().length;
  }

  override list(options?: ListEntriesOptions): IterableIterator<ListedEntry> {
    const { limit = Infinity, ...others } = checkEntriesOptions(options);
    return this.#fresher(this.base.list(others), limit);
  }

  subMap(prefix: string): SyncMap<V> {
    return new ExpireLayer(this.base.subMap(prefix), this.#ms);
  }

  *#fresher(listed: Iterable<ListedEntry>, limit: number): IterableIterator<ListedEntry> {
    if (limit === 0) return;
    let left = limit;
    for (const entry of listed) {
      if (entry.key !== undefined && this.#isExpired(entry.lastModified.getTime())) continue;
      yield entry;
      left -= 1;
      if (left === 0) return;
    }
  }

  #entries({ limit, ...others }: ListOptions): IterableIterator<[string, Stored<V>]> {
    // With a limit, the base would count expired values, or read ahead beyond the limit.
    return limit === undefined
      ? this.#freshOf(this.below.entries(others, "age"))
      : this.#eachOf(this.keys({ ...others, limit }));
  }

  *#freshOf(entries: Iterable<[string, Stored<V>]>): IterableIterator<[string, Stored<V>]> {
    for (const entry of entries) if (!this.#isExpired(entry[1].lastModified)) yield entry;
  }

  *#eachOf(keys: Iterable<string>): IterableIterator<[string, Stored<V>]> {
    for (const key of keys) {
      const stored = this[internals].get(key, "age");
      if (stored !== undefined) yield [key, stored];
    }
  }

  #freshIn(read: Map<string, Stored<V>>): Map<string, Stored<V>> {
    for (const [key, { lastModified }] of read) if (this.#isExpired(lastModified)) read.delete(key);
    return read;
  }

  #fresh(stored: Stored<V> | undefined): Stored<V> | undefined {
    return stored === undefined || this.#isExpired(stored.lastModified) ? undefined : stored;
  }

  // A known value that has expired may have been written again since. Without a state, update reads the key first.
  #resumedIfFresh(resumed: Resumed<V>): Resumed<V> {
    const { lastModified } = resumed.from;
    if (lastModified !== undefined && !this.#isExpired(lastModified)) return resumed;
    return { ...resumed, from: { ...resumed.from, state: undefined } };
  }

  #purge(): number {
    // A base that must not be written refuses this before anything is sent.
    const purgedBelow = this.below.purge?.() ?? 0;
    const etags = new Map<string, string>();
    // All keys are listed before any is deleted, so that nothing is deleted if the listing turns out to be wrong.
    for (const entry of this.base.list()) {
      if (entry.key !== undefined && this.#isExpired(entry.lastModified.getTime()))
        etags.set(entry.key, entry.etag);
    }
    return purgedBelow + this.below.removeMany(etags).length;
  }

  /** Whether a value is certainly older than allowed. Each time may be up to a second later than it says. */
  #isExpired(lastModified: number | undefined): boolean {
    // The value is still in a write buffer.
    if (lastModified === Infinity) return false;
    const now = this.below.serviceTime();
    if (now === undefined || lastModified === undefined || Number.isNaN(lastModified)) {
      const missing = now === undefined ? "Date" : "Last-Modified";
      throw this.#error(
        "BadAnswer",
        "Cannot tell how old a value is",
        `the service's response has no ${missing} header`,
      );
    }
    return inWholeSeconds(now) - inWholeSeconds(lastModified) >= this.#ms + SECOND_MS;
  }

  #error(code: string, what: string, reason: string, key?: string): S3BucketMapError {
    const { bucket, prefix = "" } = this.below.place ?? {};
    const where = bucket === undefined ? "" : ` in bucket ${JSON.stringify(bucket)}`;
    const whole = key === undefined ? undefined : prefix + key;
    return new S3BucketMapError(`${what}${where}: ${code}: expire: ${reason}.`, {
      code,
      operation: "expire",
      bucket,
      key: whole,
    });
  }
}

function* keysOf(listed: Iterable<ListedEntry>): IterableIterator<string> {
  for (const { key } of listed) if (key !== undefined) yield key;
}
