import type { ListOptions, ObjectOptions } from "./sync-map.js";
import type { ObjectToStore } from "../bridge/protocol.js";
import type { S3BucketMapError } from "../errors/errors.js";

/** Where a map's keys are. */
export interface Place {
  readonly bucket: string;
  /** The same for maps that certainly have one place in common. */
  readonly map: number;
  readonly prefix: string;
}

/** The method that tells a map's {@link Place}; layers pass their base's on. */
export const placeOf: unique symbol = Symbol.for("s3bucketmap.placeOf/1");

export interface HasPlace {
  [placeOf](): Place | undefined;
}

/** The method that tells a map that its keys, as it listed them, are likely to be read; layers pass it on. */
export const hintReads: unique symbol = Symbol.for("s3bucketmap.hintReads/1");

export interface HasHintReads {
  /** @param isKnown - the keys that a layer will answer for itself */
  [hintReads](keys: readonly string[], isKnown?: (key: string) => boolean): void;
}

/** The method that gives all keys at once, where a map has a faster way than `keys()`; layers pass their base's on. */
export const allKeys: unique symbol = Symbol.for("s3bucketmap.allKeys/1");

export interface HasAllKeys {
  [allKeys](): string[];
}

/** What kind of values a map gives; undefined of a map that does not say. */
export type ValueKind = "string" | "bytes" | "frozen" | "objects" | undefined;

/** The property by which a map says what kind of values it gives, so that a layer can check its base when it is made. */
export const valueKind: unique symbol = Symbol.for("s3bucketmap.valueKind/1");

/** A value with what S3 told beside it. */
export interface Stored<V> {
  readonly value: V;
  /** Quotes included. */
  readonly etag: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Told by `update` alone, which keeps it. */
  readonly contentType?: string | undefined;
  /** How many bytes the value was made of, where that is known. */
  readonly size?: number;
}

/** What a conditional read gives for an object that still has the ETag it was asked with. */
export const unchanged: unique symbol = Symbol.for("s3bucketmap.unchanged/1");

/**
 * What a reader relies on: the value, or the Content-Encoding, too. An ETag stands for the bytes alone: the same bytes may be
 * stored under another Content-Encoding, and an answer of 304 does not say so.
 */
export type Needs = "value" | "encoding";

/** The methods that read, giving what S3 told beside the values. They cost what those of the map cost. */
export interface StoredReads<V> {
  get(key: string, needs: Needs): Stored<V> | undefined;
  /**
   * `unchanged` costs a GET, too, but no body: S3 sends the object only if its ETag is another. It is given only where what the
   * reader needs has not changed; where an ETag cannot tell, the whole object is read.
   */
  getIfChanged(key: string, etag: string, needs: Needs): Stored<V> | typeof unchanged | undefined;
  getMany(keys: Iterable<string>, needs: Needs): Map<string, Stored<V>>;
  entries(options: ListOptions | undefined, needs: Needs): IterableIterator<[string, Stored<V>]>;
  /** @param optionsFor - what is read; asked beforehand without it, too, to check what does not depend on it */
  update(
    key: string,
    change: (stored: Stored<V> | undefined) => V | undefined,
    optionsFor: (stored: Stored<V> | undefined) => ObjectOptions | undefined,
  ): V | undefined;
}

/** The property with a map's {@link StoredReads}: S3BucketMap and all layers have it. */
export const storedReads: unique symbol = Symbol.for("s3bucketmap.storedReads/1");

export interface HasStoredReads<V> {
  readonly [storedReads]: StoredReads<V>;
}

/** A write that has been checked, and can be sent at any time. */
export interface Prepared<V> {
  readonly key: string;
  /** Absent of a deletion. */
  readonly object?: ObjectToStore;
  readonly bytes: number;
  /** What a read would give once it is stored. */
  read(): Stored<V>;
}

/** Writes that are under way in the worker thread. */
export interface Sending {
  /** Whether `finish` would not have to wait. */
  isDone(): boolean;
  /** Waits for the end; of what failed it gives the errors, by whole key. */
  finish(): ReadonlyMap<string, S3BucketMapError>;
}

/** How a map writes without waiting. */
export interface BackgroundWrites<V> {
  /** @throws TypeError for what `set` would refuse */
  prepare(key: string, value: V, options: ObjectOptions | undefined): Prepared<V>;
  prepareDeletion(key: string): Prepared<V>;
  /** At most a thousand, of different keys. 1 PUT each, and 1 DeleteObjects for all deletions. */
  send(writes: readonly Prepared<unknown>[]): Sending;
}

/** The property with a map's {@link BackgroundWrites}: S3BucketMap and all layers over one have it. */
export const backgroundWrites: unique symbol = Symbol.for("s3bucketmap.backgroundWrites/1");

export interface HasBackgroundWrites<V> {
  readonly [backgroundWrites]: BackgroundWrites<V>;
}

/** The method of a map that runs a function while its writes are pipelined; layers pass their base's on. */
export const runBatch: unique symbol = Symbol.for("s3bucketmap.runBatch/1");

/**
 * The method that says whether a write that has returned is stored: not while any batch is open, nor where writes wait in a
 * buffer. Layers pass their base's on.
 */
export const writesAreDurable: unique symbol = Symbol.for("s3bucketmap.writesAreDurable/1");

export interface SaysWhetherDurable {
  [writesAreDurable](): boolean;
}

export interface HasBatch {
  /** @returns what `fn` returned, once all that it wrote is durable */
  [runBatch]<T>(fn: () => T): T;
}
