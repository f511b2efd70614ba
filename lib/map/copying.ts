import type { CopyPair, Version } from "../bridge/protocol.js";
import type { S3BucketMapError } from "../errors/errors.js";

/** Options of {@link Copyable.copy}. */
export interface CopyOptions {
  /** Copies only if the target is missing. Default: false, which overwrites it. */
  ifAbsent?: boolean | undefined;
}

/** Methods of a map that copy objects. */
export interface Copyable {
  /**
   * Copies a value to another key of this map, and overwrites what is there. Content-Type, Content-Encoding, Cache-Control and
   * metadata come along. 1 HEAD and 1 CopyObject: the value does not leave S3. Above 5 GiB 1 UploadPartCopy for each GiB, 1
   * CreateMultipartUpload and 1 CompleteMultipartUpload. Where the copy has another ETag than its source, as that of a
   * multipart upload can have, 1 HEAD more shows that the source has not changed. Where a HEAD fails, 1 GET of the first byte
   * says why.
   *
   * Over `encrypt`, `transform` and `validate` the value goes through the program: 1 GET and 1 PUT. So it does with `ifAbsent`
   * at a service other than AWS: 1 HEAD once, 1 GET, and what `create` costs.
   *
   * A key that is copied to itself stays as it is: 1 HEAD.
   *
   * @returns whether it was copied: false if `from` is missing, or with `ifAbsent` if `to` exists
   * @throws S3BucketMapError whose message says so if it may have happened nevertheless. `TooMuchContention` if `from`
   * changes again and again, `ConditionsUnsupported` if the service refuses its own ETags again and again, `ValueRefused` if
   * the layers do not take the value
   * @example
   * map.copy("draft", "published");
   * map.copy("report", "report of May", { ifAbsent: true });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
   */
  copy(from: string, to: string, options?: CopyOptions): boolean;
  /**
   * Copies a value to another key of this map, overwriting what is there, and deletes it, if it still has the same ETag
   * then. Otherwise it begins again, so no other bytes that a program has written to `from` are lost. 1 HEAD, 1
   * CopyObject and 1 DELETE; over `encrypt`, `transform` and `validate` 1 HEAD, 1 GET, 1 PUT and 1 DELETE. Before the
   * first one, a service other than AWS is checked for whether it honours conditions: 15 requests, or 21.
   *
   * It is not one step: for a moment there are both. If it fails in between, the error says that the value was copied, and
   * that the source is, or may be, still there. A key that is renamed to itself stays as it is: 1 HEAD.
   *
   * @returns whether it was renamed: false if `from` is missing
   * @throws S3BucketMapError `ConditionsUnsupported` if the service ignores conditions, as many do for DELETE. Nothing was
   * copied then. `ValueRefused` as for {@link copy}
   * @example
   * map.rename("draft", "published");
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
   */
  rename(from: string, to: string): boolean;
}

/** What is kept of an object beside its value when it is copied. */
export interface KeptOptions {
  contentType?: string;
  cacheControl?: string;
  metadata?: Record<string, string>;
}

/** A value with what is kept beside it. */
export interface Whole<V> {
  readonly value: V;
  readonly etag: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly size?: number;
  readonly lastModified?: number | undefined;
  readonly kept: KeptOptions;
  readonly version: Version;
}

/** What became of one copy. */
export type CopyOutcome = "copied" | "missing" | S3BucketMapError;

/** The objects of a bucket, as they are stored. Keys are relative to the map. */
export interface StoredObjects {
  /** Whether the service can copy the other's objects to this bucket, with the same rights. */
  takesFrom(other: StoredObjects): boolean;
  /**
   * Whether both are surely, or maybe, the same bucket.
   *
   * @param prefix - whole; a key under it may be used to find out
   */
  isSameAs(other: StoredObjects, prefix: string): boolean;
  /** "by value": the service cannot do that, and nothing was copied. */
  copy(from: string, to: string, ifAbsent: boolean): boolean | "by value";
  /** Copies at most 1000 objects. @throws what concerns all of them */
  copyMany(source: StoredObjects, pairs: readonly CopyPair[]): CopyOutcome[];
  rename(from: string, to: string): boolean;
  /** Makes a version the newest again. @throws NoSuchVersion if there is none, or it is a delete marker */
  restore(key: string, versionId: string): void;
  /** @param copy - copies the value as it is then, and returns its version; undefined for a missing key */
  renameByValue(from: string, to: string, copy: () => Version | undefined): boolean;
}
