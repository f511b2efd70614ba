/** Options of a listing, relative to the map's prefix. */
export interface ListOptions {
  /** Only keys that begin with this. */
  prefix?: string;
  /** Only keys after this one, in the order of their UTF-8 bytes. */
  startAfter?: string;
  /** At most this many keys. */
  limit?: number;
}

/** What is stored with a value. */
export interface ObjectOptions {
  /** The Content-Type. Default: `text/plain; charset=utf-8` for strings, `application/octet-stream` for bytes. */
  contentType?: string;
  /** The encoding of the value. It may not contain `aws-chunked`, which S3 would drop. */
  contentEncoding?: string;
  cacheControl?: string;
  /** User metadata, at most 2 KB. Names are case-insensitive and unique, and come back in lower case. */
  metadata?: Record<string, string>;
}

/** Options of {@link SyncMap.set}. */
export interface SetOptions extends ObjectOptions {
  /**
   * Stores the value only if the key still has this ETag, as {@link SyncMap.head} and {@link SyncMap.list} give it. `undefined`
   * is a TypeError.
   */
  ifMatch?: string;
}

/** Options of {@link SyncMap.list}, relative to the map's prefix. */
export interface ListEntriesOptions extends ListOptions {
  /**
   * Groups the keys that contain this string after `prefix` into one entry for each "folder", `{ prefix }`. It may not be
   * empty. `startAfter` may be a folder, and `limit` counts folders as well.
   */
  delimiter?: string;
}

/** An object as {@link SyncMap.list} gives it. */
export interface ListedObject {
  key: string;
  /** Bytes. */
  size: number;
  /** The ETag, quotes included, as S3 gives it. */
  etag: string;
  lastModified: Date;
  prefix?: undefined;
}

/** A "folder" as {@link SyncMap.list} gives it: the common beginning of some keys, up to and including the delimiter. */
export interface ListedPrefix {
  prefix: string;
  key?: undefined;
}

/** A "folder" if `entry.key === undefined`. */
export type ListedEntry = ListedObject | ListedPrefix;

/** What S3 says about an object without its body. */
export interface ObjectHead {
  /** Bytes. */
  size: number;
  /** The ETag, quotes included, as S3 gives it. */
  etag: string;
  lastModified: Date;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  cacheControl: string | undefined;
  metadata: Record<string, string>;
}

/**
 * The interface of `Map<string, V>`, adapted to S3. `spec/support/sync-map-suite.ts` checks its contract on every map and layer:
 *
 * - Every call blocks until S3 has answered. When `set` returns, the value is durable, and any later `get`, by anyone, gives it.
 * - A missing key is `undefined`. Everything else that goes wrong is thrown; the error says if a write may have happened.
 * - Keys are exact strings of well-formed Unicode. They are listed in the order of their UTF-8 bytes (a native `Map`: in
 *   the order of insertion), each at most once, page by page when they are needed.
 * - An iteration includes every key that exists all the while. A key that is added or deleted meanwhile may be included or not.
 */
export interface SyncMap<V> {
  /** The value, or `undefined` if the key is missing. */
  get(key: string): V | undefined;
  /**
   * Stores a value. With `ifMatch`, only if the key still has that ETag: otherwise it stores nothing and throws a
   * `PreconditionFailedError`.
   */
  set(key: string, value: V, options?: SetOptions): this;
  has(key: string): boolean;
  /** Makes sure that the key is gone. Always true: learning whether it existed would cost a request. */
  delete(key: string): boolean;
  /** Deletes every key of this map. */
  clear(): void;
  keys(options?: ListOptions): IterableIterator<string>;
  values(options?: ListOptions): IterableIterator<V>;
  entries(options?: ListOptions): IterableIterator<[string, V]>;
  forEach(callback: (value: V, key: string, map: this) => void, thisArg?: unknown): void;
  /** The number of keys, counted by listing them. */
  readonly size: number;
  [Symbol.iterator](): IterableIterator<[string, V]>;
  /** The values of the given keys, in their order, without those that are missing. */
  getMany(keys: Iterable<string>): Map<string, V>;
  /**
   * Stores many values; if a key comes twice, the last one. All are durable when it returns. Each entry is checked before
   * the next is asked for, and all of them before any is stored.
   */
  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  /** Makes sure that many keys are gone. */
  deleteMany(keys: Iterable<string>): void;
  /** What S3 says about an object without reading it, or `undefined` if the key is missing. */
  head(key: string): ObjectHead | undefined;
  /**
   * The keys with size, ETag and time, and with `delimiter` the "folders", in one order. Listed page by page when they are
   * needed.
   */
  list(options?: ListEntriesOptions): IterableIterator<ListedEntry>;
  /** Stores a value if the key is missing, and returns whether it did. Of several concurrent writers, exactly one does. */
  create(key: string, value: V, options?: ObjectOptions): boolean;
  /**
   * Changes a value without losing anyone's write: reads it, calls `fn`, and stores the result only if the value
   * is still the same. Otherwise it begins again. `fn` is given `undefined` for a missing key, and returns
   * `undefined` to delete the key. If `fn` throws, nothing is stored. It must be synchronous, may be called several times, and may
   * use the map.
   *
   * @returns what was stored, or `undefined` if the key was deleted or stays missing
   */
  update(key: string, fn: (value: V | undefined) => V | undefined, options?: ObjectOptions): V | undefined;
  /** The part of this map whose keys begin with `prefix`, which is joined on as it is, without a slash. */
  subMap(prefix: string): SyncMap<V>;
  /** Closes this map: later calls throw. A program can end without it. */
  close(): void;
}
