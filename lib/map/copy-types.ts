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
   * Copies a value to another key of this map, and overwrites what is there. Content-Type, Content-Encoding,
   * Cache-Control and metadata are copied, too. This costs 1 HEAD and 1 CopyObject: the value does not leave S3. Above
   * 5 GiB, it costs 1 HEAD, 1 CreateMultipartUpload, 1 UploadPartCopy for each GiB, and 1 CompleteMultipartUpload. If
   * the copy has another ETag than its source, for example because the source is a multipart upload, 1 HEAD more checks
   * that the source has not changed. If a HEAD fails, 1 GET of the first byte finds the reason.
   *
   * Over `encrypt`, `transform`, `validate` and `expire`, the library reads the value and writes it: 1 GET and 1 PUT.
   * It also does so with `ifAbsent` at a service other than AWS: 1 HEAD once, 1 GET, and what `create` costs.
   *
   * Copying a key to itself changes nothing, and costs 1 HEAD.
   *
   * @returns whether it was copied: false if `from` is missing, or with `ifAbsent` if `to` exists
   * @throws S3BucketMapError `TooMuchContention` if `from` changes again and again, `ConditionsUnsupported` if the
   * service rejects its own ETags again and again, `ValueRefused` if the layers do not accept the value. If the copy
   * may have happened nevertheless, the message says so
   * @example
   * map.copy("draft", "published");
   * map.copy("report", "report of May", { ifAbsent: true });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
   */
  copy(from: string, to: string, options?: CopyOptions): boolean;
  /**
   * Copies a value to another key of this map, and overwrites what is there. Then it deletes the source if that still
   * has the same ETag. Otherwise it starts again, so that no write to `from` is lost, unless it wrote the same bytes.
   * This costs 1 HEAD, 1 CopyObject and 1 DELETE; over `encrypt`, `transform`, `validate` and `expire` 1 HEAD, 1 GET, 1
   * PUT and 1 DELETE. Before the first rename at a service other than AWS, at most 15 requests (21 if it requires ETags
   * without quotes) test whether the service honours conditions.
   *
   * A rename is not one step: for a moment both keys exist. If it fails in between, the error says that the value was
   * copied, and that the source is, or may be, still there. Renaming a key to itself changes nothing, and costs 1 HEAD.
   *
   * @returns whether it was renamed: false if `from` is missing
   * @throws S3BucketMapError `ConditionsUnsupported` if the service ignores conditions, as many do for DELETE: then
   * nothing was copied. `ValueRefused` as for {@link copy}
   * @example
   * map.rename("draft", "published");
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
   */
  rename(from: string, to: string): boolean;
}

/** What became of one copy. */
export type CopyOutcome = "copied" | "missing" | S3BucketMapError;

/** The objects of a bucket, as they are stored. Keys are relative to the map. */
export interface StoredObjects {
  /**
   * Returns what other objects need of these in order to copy or compare them. Absent in version 1.0.0. A function,
   * because it contains credentials, which printing a map with hidden properties must not show.
   */
  calls?(): unknown;
  /** Whether the service can copy the other's objects to this bucket, with the same permissions. */
  takesFrom(other: StoredObjects): boolean;
  /**
   * Whether the two are certainly, or may be, the same bucket.
   *
   * @param prefix - the full prefix; a key under it may be written to find out
   */
  isSameAs(other: StoredObjects, prefix: string): boolean;
  /** "by value": the service cannot make this copy, and nothing was copied. */
  copy(from: string, to: string, ifAbsent: boolean): boolean | "by value";
  /** Copies at most 1000 objects. @throws an error that concerns all of them */
  copyMany(source: StoredObjects, pairs: readonly CopyPair[]): CopyOutcome[];
  rename(from: string, to: string): boolean;
  /**
   * Makes a version the newest one again. @throws NoSuchVersion if there is no such version, or it is a delete marker
   */
  restore(key: string, versionId: string): void;
  /** @param copy - copies the present value, and returns its version; undefined for a missing key */
  renameByValue(from: string, to: string, copy: () => Version | undefined): boolean;
}
