import type { KeptHeaders, ObjectToStore, Version } from "../bridge/protocol.js";
import { argumentError } from "../errors/errors.js";
import type { S3BucketMapError } from "../errors/errors.js";
import type { StoredObjects } from "./copy-types.js";
import { mapped } from "./iterables.js";
import type {
  LinkOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  ObjectVersion,
  SyncMap,
} from "./sync-map.js";

/** Where a map's keys are. */
export interface Place {
  readonly bucket: string;
  /** Equal numbers mean that two maps certainly reach the same bucket. */
  readonly map: number;
  readonly prefix: string;
}

/** What kind of values a map returns; undefined if that is unknown. */
export type ValueKind = "string" | "bytes" | "frozen" | "objects" | "live" | undefined;

/** A value, and what S3 said about it. */
export interface Stored<V> {
  readonly value: V;
  /** Quotes included. */
  readonly etag: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Only `update` reads it, in order to keep it. */
  readonly contentType?: string | undefined;
  /** Milliseconds since the epoch, by the service's clock. Infinity for a value that is not stored yet. */
  readonly lastModified?: number | undefined;
  /** The size of the value before decoding, in bytes, if known. */
  readonly size?: number;
  /** What `update` needs to continue from here, and what copies keep. Undefined if it was not read. */
  readonly state?: State | undefined;
}

/** A state of an object in a bucket, with the headers that a change of its value keeps. */
export interface State {
  readonly version: Version;
  readonly kept: KeptHeaders;
}

/** Lets `update` start with a known value instead of reading it, and tells the caller what it has stored. */
export interface Resumed<V> {
  /**
   * What was read or stored before. If it has no state, or if the key now has another one, `update` reads the value.
   */
  readonly from: Stored<V>;
  /** Called when the value is stored, with its state, or undefined if another write may have followed. */
  stored(state: State | undefined): void;
}

/** The result of a conditional read when the object still has the given ETag. */
export const unchanged: unique symbol = Symbol.for("s3bucketmap.unchanged/1");

/**
 * What a reader relies on: the value alone, also its Content-Encoding, or also its age. An ETag covers only the bytes.
 * If the same bytes are stored again with another Content-Encoding, a 304 does not show that.
 */
export type Needs = "value" | "encoding" | "age";

/** A write that has been checked and can be sent at any time. */
export interface Prepared<V> {
  /** The full key, with the prefix. */
  readonly key: string;
  /** Absent for a deletion. */
  readonly object?: ObjectToStore;
  readonly bytes: number;
  /** What a read will return once the write is stored. */
  read(): Stored<V>;
}

/** Writes in flight in the worker thread. */
export interface Sending {
  /** Whether `finish` would return without waiting. */
  isDone(): boolean;
  /** Waits until all writes have ended, and returns the errors of those that failed, by full key. */
  finish(): ReadonlyMap<string, S3BucketMapError>;
}

/**
 * What layers, facades and batches need of a map in addition to `SyncMap`. S3BucketMap and every layer have it as the
 * property {@link internals}. No method uses `this`, so a layer can spread the internals of its base and replace some
 * methods.
 */
export interface Internals<V> {
  /**
   * Undefined if the lowest map is not an S3BucketMap. Then reads have no ETags, and writes cannot be sent in the
   * background.
   */
  readonly place: Place | undefined;
  readonly valueKind: ValueKind;
  /** Whether a write may fail after its call has returned. */
  readonly delaysWrites: boolean;

  // These reads cost the same requests as the map's own methods.
  get(key: string, needs: Needs): Stored<V> | undefined;
  /**
   * 1 GET, whose response has no body if the object still has this ETag. Returns `unchanged` only if all that the
   * reader needs is unchanged. If an ETag cannot show that, the whole object is read.
   */
  getIfChanged(key: string, etag: string, needs: Needs): Stored<V> | typeof unchanged | undefined;
  getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>>;
  entries(options: ListOptions | undefined, needs: Needs): IterableIterator<[string, Stored<V>]>;
  /**
   * @param optionsFor - also called once with undefined, before anything is read, to check the options
   * @param resumed - saves 1 GET: the first call of `change` receives `from`
   * @param isMissing - if it returns true for an object, `change` receives undefined, and its result replaces the
   * object and its headers, with If-Match
   */
  update(
    key: string,
    change: (stored: Stored<V> | undefined) => V | undefined,
    optionsFor: (stored: Stored<V> | undefined) => ObjectOptions | undefined,
    resumed?: Resumed<V>,
    isMissing?: (lastModified: number | undefined) => boolean,
  ): V | undefined;
  /** The time of the service's clock, by its last response, in milliseconds since the epoch. */
  serviceTime(): number | undefined;
  /** Deletes the keys that still have these ETags. 1 DELETE each. Returns the keys that it has deleted. */
  removeMany(etags: ReadonlyMap<string, string>): string[];
  /** Deletes the values that have expired according to `expire`. Absent if no layer is `expire`. */
  purge?(): number;
  /** The versions of a key, newest first. */
  versions(key: string): ObjectVersion[];
  /** The same for all keys, in order, page by page. */
  allVersions(options: Pick<ListOptions, "prefix">): Iterable<[key: string, versions: ObjectVersion[]]>;
  /**
   * One version of each key. Those that are missing are left out. 1 GET each.
   *
   * @param failed - receives the keys that cannot be read, each with its error. Without it, the first error is thrown
   */
  getVersions(
    versionIds: ReadonlyMap<string, string>,
    needs: Needs,
    failed?: Map<string, S3BucketMapError>,
  ): Map<string, Stored<V>>;
  /** 1 HEAD. */
  headVersion(key: string, versionId: string): ObjectHead | undefined;
  /** All keys. They can be listed in parallel, because the result is complete. */
  allKeys(): string[];
  /**
   * Says that these keys, as the map listed them, are likely to be read next.
   *
   * @param isKnown - whether a layer will return the key's value itself
   */
  hintReads(keys: readonly string[], isKnown?: (key: string) => boolean): void;

  /**
   * The formats in which the layers store values, outermost first. Undefined if a copy cannot have the same bytes,
   * because a format depends on the key, or because the layers run the program's functions.
   */
  readonly formats: readonly string[] | undefined;
  /** The Content-Types that values get by default. */
  readonly contentTypes: readonly string[];
  /** Undefined if the lowest map is not an S3BucketMap. */
  readonly objects: StoredObjects | undefined;
  /**
   * Reads values from the bucket, each with its state. Missing keys are left out. 1 GET each.
   *
   * @param failed - receives the keys that cannot be read, each with its error
   */
  read(keys: Iterable<string>, failed: Map<string, S3BucketMapError>): Map<string, Stored<V>>;
  /** Waits until everything that was written through this map is durable. */
  settle(): void;
  /** Runs a function that writes these keys to the base of the layers. */
  writing<T>(method: string, keys: readonly string[], write: () => T): T;

  /** A link to a key. @throws TypeError if the link would not lead to the map's value */
  url(key: string, options: LinkOptions | undefined): string;

  /** @throws TypeError for arguments that `set` would reject */
  prepare(key: string, value: V, options: ObjectOptions | undefined): Prepared<V>;
  prepareDeletion(key: string): Prepared<never>;
  /** Sends at most 1000 writes, of different keys, without waiting. 1 PUT each, and 1 DeleteObjects for all deletions. */
  send(writes: readonly Prepared<unknown>[]): Sending;
  /** Pipelines the writes made while `fn` runs. Returns its result once they are durable. */
  runBatch<T>(fn: () => T): T;
  /** Whether a write is stored when its call returns. That is not so while a batch is open, or in a write buffer. */
  writesAreDurable(): boolean;
}

/** The property that holds a map's {@link Internals}. Another copy of the library uses the same symbol. */
export const internals: unique symbol = Symbol.for("s3bucketmap.internals/1");

export interface HasInternals<V> {
  readonly [internals]: Internals<V>;
}

/** The internals that a map itself has, if any. */
export function ownInternals(map: object | undefined): Internals<unknown> | undefined {
  return (map as Partial<HasInternals<unknown>> | undefined)?.[internals];
}

/** A map's internals. For a map that has none, they are made from its methods. */
export function internalsOf<V>(map: SyncMap<V>): Internals<V> {
  return (ownInternals(map) as Internals<V> | undefined) ?? internalsFrom(map);
}

function internalsFrom<V>(map: SyncMap<V>): Internals<V> {
  const stored = (value: V): Stored<V> => ({ value, etag: undefined, contentEncoding: undefined });
  const storedIfAny = (value: V | undefined): Stored<V> | undefined =>
    value === undefined ? undefined : stored(value);
  const needsBucket = (what: string) => (): never => {
    throw argumentError(`${what} needs layers over an S3BucketMap.`);
  };
  return {
    place: undefined,
    valueKind: undefined,
    delaysWrites: false,
    get: (key) => storedIfAny(map.get(key)),
    getIfChanged: (key) => storedIfAny(map.get(key)),
    getMany: (keys) => new Map(mapped(map.getMany(keys), ([key, value]) => [key, stored(value)])),
    entries: (options) => mapped(map.entries(options), ([key, value]) => [key, stored(value)]),
    // Such a map does not report an object's headers, so there are none to keep.
    update: (key, change, optionsFor) =>
      map.update(key, (value) => change(storedIfAny(value)), optionsFor(undefined)),
    serviceTime: () => undefined,
    removeMany: needsBucket("purge"),
    versions: needsBucket("versions"),
    allVersions: needsBucket("at"),
    getVersions: needsBucket("get with a versionId"),
    headVersion: needsBucket("at"),
    allKeys: () => [...map.keys()],
    hintReads: () => {},
    formats: undefined,
    contentTypes: [],
    objects: undefined,
    read: (keys) => readAll(map, keys),
    settle: () => {},
    writing: (_method, _keys, write) => write(),
    url: needsBucket("url"),
    prepare: needsBucket("writeBuffer"),
    prepareDeletion: needsBucket("writeBuffer"),
    send: needsBucket("writeBuffer"),
    runBatch: needsBucket("batch"),
    writesAreDurable: () => false,
  };
}

/** Reads through the methods of a map, which may have only those of a native Map. */
function readAll<V>(
  map: Pick<SyncMap<V>, "get"> & Partial<SyncMap<V>>,
  keys: Iterable<string>,
): Map<string, Stored<V>> {
  const found = new Map<string, Stored<V>>();
  for (const key of keys) {
    let head = map.head?.(key);
    let value = map.get(key);
    // The two must be of one version.
    for (let now = map.head?.(key); now?.etag !== head?.etag; now = map.head?.(key)) {
      head = now;
      value = map.get(key);
    }
    if (value === undefined) continue;
    found.set(key, { value, etag: head?.etag, contentEncoding: head?.contentEncoding, state: stateOf(head) });
  }
  return found;
}

/** The state of an object as far as `head` describes it: without a version to continue from. */
export function stateOf(head: ObjectHead | undefined): State {
  const { contentType, cacheControl, metadata } = head ?? {};
  const kept = {
    ...(contentType && { contentType }),
    ...(cacheControl && { cacheControl }),
    ...(metadata && { metadata }),
  };
  return { version: {}, kept };
}
