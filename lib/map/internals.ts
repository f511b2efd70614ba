import type { KeptHeaders, ObjectToStore, Version } from "../bridge/protocol.js";
import { argumentError } from "../errors/errors.js";
import type { S3BucketMapError } from "../errors/errors.js";
import type { StoredObjects, Whole } from "./copying.js";
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

/** What kind of values a map gives; undefined if it does not say. */
export type ValueKind = "string" | "bytes" | "frozen" | "objects" | "live" | undefined;

/** A value with what S3 said about it. */
export interface Stored<V> {
  readonly value: V;
  /** Quotes included. */
  readonly etag: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Only `update` reads it, in order to keep it. */
  readonly contentType?: string | undefined;
  /** Milliseconds since the epoch, by the service's clock. Infinity for a value that is not stored yet. */
  readonly lastModified?: number | undefined;
  /** How many bytes the value was made of, if known. */
  readonly size?: number;
  /** What `update` needs to go on from here. Undefined if there is no S3BucketMap at the bottom. */
  readonly state?: State | undefined;
}

/** A state of an object in a bucket, with the headers that a change of its value keeps. */
export interface State {
  readonly version: Version;
  readonly kept: KeptHeaders;
}

/** Lets `update` begin with what is known instead of reading it, and says what it has stored. */
export interface Resumed<V> {
  /** What was read or stored before. If it has no state, or the key has another by now, `update` reads it. */
  readonly from: Stored<V>;
  /** Called when the value is stored, with its state, or undefined if another write may have followed. */
  stored(state: State | undefined): void;
}

/** The result of a conditional read when the object still has the given ETag. */
export const unchanged: unique symbol = Symbol.for("s3bucketmap.unchanged/1");

/**
 * What a reader relies on: the value alone, its Content-Encoding as well, or that and when it was stored. An ETag covers only the
 * bytes: the same bytes may be stored again, under another Content-Encoding, and a 304 does not say so.
 */
export type Needs = "value" | "encoding" | "age";

/** A write that has been checked and can be sent at any time. */
export interface Prepared<V> {
  /** The whole key. */
  readonly key: string;
  /** Absent for a deletion. */
  readonly object?: ObjectToStore;
  readonly bytes: number;
  /** What a read will give once the write is stored. */
  read(): Stored<V>;
}

/** Writes in flight in the worker thread. */
export interface Sending {
  /** Whether `finish` would return without waiting. */
  isDone(): boolean;
  /** Waits for the end, and returns the errors of the writes that failed, by whole key. */
  finish(): ReadonlyMap<string, S3BucketMapError>;
}

/**
 * What layers, facades and batches use of a map beyond `SyncMap`. S3BucketMap and every layer have it as the property
 * {@link internals}. No method uses `this`, so a layer spreads its base's and replaces what it changes.
 */
export interface Internals<V> {
  /** Undefined if there is no S3BucketMap at the bottom. Then no read has an ETag, and no write can go out in the background. */
  readonly place: Place | undefined;
  readonly valueKind: ValueKind;
  /** Whether a write may fail after its call has returned. */
  readonly delaysWrites: boolean;

  // The reads cost the same requests as the map's own.
  get(key: string, needs: Needs): Stored<V> | undefined;
  /**
   * 1 GET, without a body if the object still has this ETag. `unchanged` is only returned if what the reader needs is unchanged; where an
   * ETag cannot tell, the whole object is read.
   */
  getIfChanged(key: string, etag: string, needs: Needs): Stored<V> | typeof unchanged | undefined;
  getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>>;
  entries(options: ListOptions | undefined, needs: Needs): IterableIterator<[string, Stored<V>]>;
  /**
   * @param optionsFor - also called with undefined before anything is read, to check the options
   * @param resumed - `change` is then called with `from` itself first, and 1 GET is saved
   * @param isMissing - an object for which it is true counts as missing: `change` gets undefined, and what it returns replaces
   * the object and its headers by If-Match
   */
  update(
    key: string,
    change: (stored: Stored<V> | undefined) => V | undefined,
    optionsFor: (stored: Stored<V> | undefined) => ObjectOptions | undefined,
    resumed?: Resumed<V>,
    isMissing?: (lastModified: number | undefined) => boolean,
  ): V | undefined;
  /** What time it is at the service, by its last answer, in milliseconds since the epoch. */
  serviceTime(): number | undefined;
  /** Deletes keys that still have these ETags. 1 DELETE each. Returns those that it has deleted. */
  removeMany(etags: ReadonlyMap<string, string>): string[];
  /** Deletes what an `expire` in this stack of layers takes for expired. Absent where there is none. */
  purge?(): number;
  /** What the bucket keeps of a key, newest first. */
  versions(key: string): ObjectVersion[];
  /** The same for all keys, in order, page by page. */
  allVersions(options: Pick<ListOptions, "prefix">): Iterable<[key: string, versions: ObjectVersion[]]>;
  /**
   * One version of each key. Those that are missing are left out. 1 GET each.
   *
   * @param failed - gets the keys that cannot be read, each with its error. Left out: an error is thrown
   */
  getVersions(
    versionIds: ReadonlyMap<string, string>,
    needs: Needs,
    failed?: Map<string, S3BucketMapError>,
  ): Map<string, Stored<V>>;
  /** 1 HEAD. */
  headVersion(key: string, versionId: string): ObjectHead | undefined;
  /** All keys at once, which can be listed in parallel. */
  allKeys(): string[];
  /**
   * Says that these keys, as the map listed them, are likely to be read next.
   *
   * @param isKnown - which of them a layer will answer itself
   */
  hintReads(keys: readonly string[], isKnown?: (key: string) => boolean): void;

  /**
   * The formats that the layers store values in, outermost first. Undefined if copies cannot have the same bytes: a format is
   * bound to keys, or the layers give other values than are stored.
   */
  readonly formats: readonly string[] | undefined;
  /** The Content-Types that values get unless the program names one. */
  readonly contentTypes: readonly string[];
  /** Undefined if there is no S3BucketMap at the bottom. */
  readonly objects: StoredObjects | undefined;
  /**
   * Reads values from the bucket, with what copies keep beside them. Missing keys are left out. 1 GET each.
   *
   * @param failed - gets the keys that cannot be read, each with its error
   */
  read(keys: Iterable<string>, failed: Map<string, S3BucketMapError>): Map<string, Whole<V>>;
  /** Waits until everything that was written through this map is durable. */
  settle(): void;
  /** Runs what writes these keys beneath the layers. */
  writing<T>(method: string, keys: readonly string[], write: () => T): T;

  /** A link to a key. @throws TypeError where it would not lead to the map's value */
  url(key: string, options: LinkOptions | undefined): string;

  /** @throws TypeError for what `set` would refuse */
  prepare(key: string, value: V, options: ObjectOptions | undefined): Prepared<V>;
  prepareDeletion(key: string): Prepared<never>;
  /** Sends at most 1000 writes, of different keys, without waiting. 1 PUT each, and 1 DeleteObjects for all deletions. */
  send(writes: readonly Prepared<unknown>[]): Sending;
  /** Pipelines the writes made while `fn` runs. Returns its result once they are durable. */
  runBatch<T>(fn: () => T): T;
  /** Whether a write is stored when its call returns. It is not while a batch is open, nor in a write buffer. */
  writesAreDurable(): boolean;
}

/** The property with a map's {@link Internals}. Another copy of the library finds it, too. */
export const internals: unique symbol = Symbol.for("s3bucketmap.internals/1");

export interface HasInternals<V> {
  readonly [internals]: Internals<V>;
}

/** A map's internals. A map of any other kind gets some that are made of its methods. */
export function internalsOf<V>(map: SyncMap<V>): Internals<V> {
  return (map as Partial<HasInternals<V>>)[internals] ?? internalsFrom(map);
}

function internalsFrom<V>(map: SyncMap<V>): Internals<V> {
  const stored = (value: V): Stored<V> => ({ value, etag: undefined, contentEncoding: undefined });
  const storedIfAny = (value: V | undefined): Stored<V> | undefined =>
    value === undefined ? undefined : stored(value);
  const needsBucket = (what: string) => (): never => {
    throw argumentError(`${what} needs an S3BucketMap under the layers.`);
  };
  return {
    place: undefined,
    valueKind: undefined,
    delaysWrites: false,
    get: (key) => storedIfAny(map.get(key)),
    getIfChanged: (key) => storedIfAny(map.get(key)),
    getMany: (keys) => new Map(mapped(map.getMany(keys), ([key, value]) => [key, stored(value)])),
    entries: (options) => mapped(map.entries(options), ([key, value]) => [key, stored(value)]),
    // Such a map does not say which headers an object has, so there are none to keep.
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
    read: (keys) => readWhole(map, keys),
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

/** Reads through the methods of a map that may have no more than a native Map. */
function readWhole<V>(
  map: Pick<SyncMap<V>, "get"> & Partial<SyncMap<V>>,
  keys: Iterable<string>,
): Map<string, Whole<V>> {
  const found = new Map<string, Whole<V>>();
  for (const key of keys) {
    let head = map.head?.(key);
    let value = map.get(key);
    // The two must be of one version.
    for (let now = map.head?.(key); now?.etag !== head?.etag; now = map.head?.(key)) {
      head = now;
      value = map.get(key);
    }
    if (value === undefined) continue;
    const { etag, contentEncoding, contentType, cacheControl, metadata } = head ?? {};
    const kept = Object.entries({ contentType, cacheControl, metadata }).filter(
      ([, one]) => one !== undefined,
    );
    found.set(key, { value, etag, contentEncoding, kept: Object.fromEntries(kept), version: {} });
  }
  return found;
}
