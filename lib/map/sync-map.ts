/** What a listing is asked for; all of it relative to the map's own prefix. */
export interface ListOptions {
  /** Only keys that begin with this. */
  prefix?: string;
  /** Only keys after this one, in the order of their UTF-8 bytes. */
  startAfter?: string;
  /** At most this many keys. */
  limit?: number;
}

/** What a call that stores a value stores beside it. */
export interface ObjectOptions {
  /** The Content-Type. Left out: `text/plain; charset=utf-8` for strings, `application/octet-stream` for bytes. */
  contentType?: string;
  /** What the value is encoded as. It may not name `aws-chunked`, which S3 would drop. */
  contentEncoding?: string;
  cacheControl?: string;
  /** User metadata: names are case-insensitive, come back in lower case, and may come once each; at most 2 KB in all. */
  metadata?: Record<string, string>;
}

/** What {@link SyncMap.set} takes. */
export interface SetOptions extends ObjectOptions {
  /**
   * Stores only where the key still has this ETag, as {@link SyncMap.head} and {@link SyncMap.list} give it. `undefined`
   * is refused with a TypeError.
   */
  ifMatch?: string;
}

/** What {@link SyncMap.list} is asked for; all of it relative to the map's own prefix. */
export interface ListEntriesOptions extends ListOptions {
  /**
   * Keys that have this, any string but the empty one, somewhere after `prefix` come as one entry: the "folder" that
   * they are in, `{ prefix }`. `startAfter` may be one of those; `limit` counts them as well.
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

/** A "folder" as {@link SyncMap.list} gives it: what some keys have in common up to the delimiter, which it ends with. */
export interface ListedPrefix {
  prefix: string;
  key?: undefined;
}

/** Either has the other's name as `undefined`: `entry.key === undefined` tells a "folder". */
export type ListedEntry = ListedObject | ListedPrefix;

/** What is known of an object without its body. */
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
 * `Map<string, V>`'s interface, made honest for S3. The contract, which `spec/support/sync-map-suite.ts`
 * checks on every map and layer:
 *
 * - Every call blocks until S3 has answered: what `set` stored is durable when it returns, and the next
 *   `get`, by whomever, gives it.
 * - A missing key is `undefined`; anything else that goes wrong is thrown, and then nothing is known to
 *   have changed unless the error says so.
 * - Keys are exact strings of well-formed Unicode. They are listed in the order of their UTF-8 bytes (a native `Map`: in
 *   the order of insertion), each at most once, lazily: a page at a time.
 * - A key that is there during a whole iteration is part of it; one that is added or deleted meanwhile
 *   may be part of it or not.
 */
export interface SyncMap<V> {
  /** The value, or `undefined` where there is no such key. */
  get(key: string): V | undefined;
  /**
   * Stores a value. With `ifMatch` only where the key still has that ETag; else, and where the key is gone, it throws a
   * `PreconditionFailedError` and stores nothing.
   */
  set(key: string, value: V, options?: SetOptions): this;
  has(key: string): boolean;
  /** Makes sure that the key is gone. True: a map may not pay a request to learn whether it was there. */
  delete(key: string): boolean;
  /** Deletes every key of this map. */
  clear(): void;
  keys(options?: ListOptions): IterableIterator<string>;
  values(options?: ListOptions): IterableIterator<V>;
  entries(options?: ListOptions): IterableIterator<[string, V]>;
  forEach(callback: (value: V, key: string, map: this) => void, thisArg?: unknown): void;
  /** How many keys there are: counted by listing them. */
  readonly size: number;
  [Symbol.iterator](): IterableIterator<[string, V]>;
  /** The values of those of the keys that are there, in the order of the keys. */
  getMany(keys: Iterable<string>): Map<string, V>;
  /**
   * Stores many values; of a key that comes twice the last. All are durable when it returns. Each entry is checked before
   * the next is asked for, and all of them before any is stored.
   */
  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  /** Makes sure that many keys are gone. */
  deleteMany(keys: Iterable<string>): void;
  /** What is known of a value without reading it, or `undefined` where there is no such key. */
  head(key: string): ObjectHead | undefined;
  /**
   * The keys with what is known of each without a request of its own, and with `delimiter` the "folders", all in one
   * order; lazily, a page at a time.
   */
  list(options?: ListEntriesOptions): IterableIterator<ListedEntry>;
  /** Stores a value where the key is missing, and says whether it did: of any number of writers at once, one does. */
  create(key: string, value: V, options?: ObjectOptions): boolean;
  /**
   * Changes a value so that nobody's write is lost: reads it, asks `fn`, and stores what `fn` returns only where the value
   * is still the one that `fn` was given; else begins again. Where `fn` is given `undefined`, the key is missing; where
   * `fn` returns `undefined`, the key is deleted. What `fn` throws passes through, and nothing is stored. `fn` must be
   * synchronous, may be called several times, and may use the map.
   *
   * @returns what was stored, or `undefined` where the key was deleted, or was missing and stays so
   */
  update(key: string, fn: (value: V | undefined) => V | undefined, options?: ObjectOptions): V | undefined;
  /** The part of this map whose keys begin with `prefix`, which is joined on plainly, without a slash. */
  subMap(prefix: string): SyncMap<V>;
  /** Ends the use of this map: later calls throw. Never needed for a program to end. */
  close(): void;
}
