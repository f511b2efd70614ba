import type { ListOptions, ObjectOptions } from "./sync-map.js";

/** What kind of values a map gives; undefined of a map that does not say. */
export type Gives = "string" | "bytes" | "frozen" | "objects" | undefined;

/** The property by which a map says what it gives, so that a layer can check its base when it is made. */
export const gives: unique symbol = Symbol.for("s3bucketmap.gives/1");

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
