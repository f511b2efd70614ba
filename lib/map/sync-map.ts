import type { Copyable } from "./copy-types.js";

import type {
  ListOptions,
  GetOptions,
  ObjectVersion,
  ObjectOptions,
  SetOptions,
  LinkOptions,
  ListEntriesOptions,
  ListedEntry,
  ObjectHead,
} from "./object-types.js";

export type * from "./object-types.js";

/**
 * The interface of a `Map<string, V>`, adapted to S3. `spec/support/sync-map-suite.ts` checks this contract on every map and
 * layer:
 *
 * - Every call blocks until S3 has answered. A value is durable when `set` returns, and any later `get`, by any program,
 *   returns it.
 * - Reading a missing key returns `undefined`. Any other problem throws an error. Then nothing has changed, unless the
 *   error says that something may have.
 * - Keys are exact strings of well-formed Unicode, of 1 to 1024 bytes in UTF-8 including the prefix. They are listed in
 *   the order of their UTF-8 bytes (a native `Map` uses the order of insertion), each at most once, lazily, page by
 *   page.
 * - An iteration includes every key that exists throughout. A key that is added or deleted in the meantime may or may
 *   not be included.
 *
 * Each method states what it costs on a bucket, in requests, and its limits. A layer costs the same as its base, unless
 * its documentation says otherwise. Every method throws an `S3BucketMapError` if S3, the network or the worker thread
 * fails (see its `code`), and a TypeError for a wrong argument, before anything is sent.
 */
export interface SyncMap<V> extends Copyable {
  /**
   * The value of a key, or `undefined` if there is no such key. 1 GET. A value of more than 32 MiB may cost 1 more for
   * each 8 MiB, over several connections. It is never a mixture of two values.
   *
   * With `versionId`, the value of that version, or `undefined` if there is no such version, or it is a delete marker.
   * In that case 1 GetBucketVersioning more may check whether the bucket keeps versions at all.
   *
   * @throws S3BucketMapError `NotUtf8` if the bucket's values are read as strings and this one is not UTF-8, or
   * `ValueTooLong` if it has more than 536,870,888 bytes, V8's limit for strings. `readAs: "bytes"` reads both, up to
   * 4 GiB
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  get(key: string, options?: GetOptions): V | undefined;
  /**
   * Stores a value, which is durable when this returns. A bucket accepts strings, stored as UTF-8, and bytes, whatever
   * `readAs` says. 1 PUT. A value of more than 16 MiB costs 1 CreateMultipartUpload, 1 UploadPart for each 8 MiB, 4 at
   * a time, and 1 CompleteMultipartUpload (and 1 AbortMultipartUpload if one of them fails), all within one deadline.
   *
   * With `ifMatch`, an ETag from `head` or `list`, the value is stored only if the key still has that ETag. Such a
   * write is never blindly sent again. If the response is lost, or if a service other than AWS rejects the write, 1
   * HEAD checks whether it happened, because a proxy may have sent it twice. Before the first such write at a service
   * other than AWS, 6 or 8 requests test whether the service honours conditions.
   *
   * @throws TypeError for a value of 4 GiB or more (with `ifMatch`: 2 GiB), and for an `ifMatch` that is `undefined`, as
   * from `head` of a missing key: use {@link create} to write only if there is none
   * @throws S3BucketMapError whose message says so if the write may have happened. PreconditionFailedError if the key
   * has another ETag or is missing, and `ConditionsUnsupported` if the service ignores conditions: in both cases
   * nothing was written
   * @example
   * const head = map.head("testKey");
   * if (head) map.set("testKey", "new value", { ifMatch: head.etag });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
   */
  set(key: string, value: V, options?: SetOptions): this;
  /**
   * Whether a key exists. 1 HEAD, which never transfers the body. If the key is missing, 1 GET of a single byte more,
   * as long as no response has shown that the bucket exists.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  has(key: string): boolean;
  /**
   * Deletes a key, if it exists. 1 DELETE.
   *
   * @returns true: S3 does not say whether the key existed, and asking would cost another request
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
   */
  delete(key: string): boolean;
  /**
   * Deletes all keys of this map, and no others. 1 LIST and 1 DeleteObjects for each thousand keys. All keys are listed
   * before any is deleted.
   *
   * @throws PartialFailureError if S3 did not delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  clear(): void;
  /**
   * The keys, lazily, in pages of 1000. 1 LIST for each page.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
   */
  keys(options?: ListOptions): IterableIterator<string>;
  /** The values, in the order of the keys, at the cost of {@link entries}. */
  values(options?: ListOptions): IterableIterator<V>;
  /**
   * The keys with their values, in the order of the keys. 1 LIST for each thousand keys, and 1 GET for each value.
   *
   * Up to `concurrency` values, of 16 MiB at most, are prefetched for this iterator, unless the option `readAhead` is
   * false. A prefetched value may be older than a write by another program. It is never older than a write by this
   * thread.
   */
  entries(options?: ListOptions): IterableIterator<[string, V]>;
  /**
   * Calls `callback(value, key, map)` for each key, in order. 1 LIST for each thousand keys, lazily, and 1 GET for each
   * value.
   */
  forEach(callback: (value: V, key: string, map: this) => void, thisArg?: unknown): void;
  /**
   * The number of keys. 1 LIST for each thousand keys. Above 10,000 keys, pages are listed in parallel, with at most
   * 1.3 LISTs for each thousand keys, plus 10. Each page has at least three quarters of a call's deadline.
   */
  readonly size: number;
  [Symbol.iterator](): IterableIterator<[string, V]>;
  /**
   * The values of those keys that exist, in the order in which the keys are given. 1 GET for each key, `concurrency` at
   * a time. The deadline of a call applies to each thousand keys.
   *
   * @throws PartialFailureError if some keys could not be read. Its `succeeded` includes missing keys
   * @example
   * map.getMany(["a", "b", "missing"]); // Map(2) { 'a' => …, 'b' => … }
   */
  getMany(keys: Iterable<string>): Map<string, V>;
  /**
   * Stores many values, which are durable when this returns. If a key occurs twice, its last value is stored. 1 PUT for
   * each key, `concurrency` at a time. The deadline of a call applies to each thousand keys, or 64 MiB. Each entry is
   * checked before the next one is requested, and all are checked before any is stored.
   *
   * @throws PartialFailureError if some could not be stored
   * @example
   * map.setMany([["a", "1"], ["b", "2"]]);
   * map.setMany(Object.entries({ a: "1", b: "2" }));
   */
  setMany(entries: Iterable<readonly [string, V]>, options?: ObjectOptions): this;
  /**
   * Deletes those keys that exist. 1 DeleteObjects for each thousand keys, and 1 DELETE for each key that XML 1.0
   * cannot represent, such as U+0001.
   *
   * @throws PartialFailureError if S3 did not delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  deleteMany(keys: Iterable<string>): void;
  /**
   * What S3 knows about a value, without reading it, or `undefined` if there is no such key. 1 HEAD, and sometimes 1
   * GET of a single byte, as for {@link has}.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  head(key: string): ObjectHead | undefined;
  /**
   * The versions of a key, newest first, including delete markers; an empty array for a key that never existed.
   * Versioning must be turned on for the bucket. 1 LIST for each thousand versions, and 1 GetBucketVersioning once per
   * map if no version has an id.
   *
   * A value that was stored before versioning was turned on, or while it is suspended, has the id "null".
   *
   * @throws S3BucketMapError `VersioningOff` if the bucket keeps no versions; the message says how to turn that on
   * @example
   * const [, before] = map.versions("testKey");
   * if (before) map.get("testKey", { versionId: before.versionId });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
   */
  versions(key: string): ObjectVersion[];
  /**
   * The keys, with what the listing says about each, in the order of their UTF-8 bytes, lazily, in pages of 1000. With
   * a `delimiter`, the keys under a common prefix are one entry, a "folder". 1 LIST for each page.
   *
   * @example
   * for (const { key, prefix, size } of map.list({ delimiter: "/" })) {
   *   console.log(key === undefined ? `${prefix} is a folder` : `${key} has ${size} bytes`);
   * }
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
   */
  list(options?: ListEntriesOptions): IterableIterator<ListedEntry>;
  /**
   * Stores a value if there is no such key. If several programs try at once, one of them succeeds. 1 PUT. If
   * its response is lost, or at a service other than AWS, it costs more, as for {@link set} with `ifMatch`.
   *
   * @returns whether it stored the value; false if the key exists. Also false if a proxy in front of a service other
   * than AWS sent the write twice, and another writer has overwritten or deleted the key since
   * @throws S3BucketMapError `ConditionsUnsupported` if the service ignores conditions
   * @example
   * if (map.create("lock", hostname())) work();
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   */
  create(key: string, value: V, options?: ObjectOptions): boolean;
  /**
   * Changes a value without losing another program's write. It reads the value, passes it to `fn`, and stores the
   * result if the value is still the same. Otherwise it tries again, up to 100 times, within `timeoutMs` in all,
   * including the time of `fn`. Each attempt costs 1 GET and 1 PUT (or 1 DELETE). If a response is lost, or at a
   * service other than AWS, it costs more, as for {@link set} with `ifMatch`, and 4 or 6 more before the first deletion
   * there. It also tries again if a proxy there sent a deletion twice, or sent a write twice that another writer
   * overwrote or deleted in between.
   *
   * It keeps Content-Type, Content-Encoding, Cache-Control, Content-Disposition, Content-Language, Expires, a website's
   * redirect, and the metadata as a whole, unless `options` set them.
   *
   * @param fn - receives the value, or `undefined` if there is no such key, and returns the new one, or `undefined` to
   * delete the key. It must be synchronous, may be called several times, and may use the map. If it throws, so does `update`,
   * and nothing is written
   * @returns what was stored, or `undefined` if the key was deleted, or is still missing
   * @throws S3BucketMapError `TooMuchContention` if another writer got there first each time. `ConditionsUnsupported`
   * if the service ignores conditions, as many do for DELETE, or rejects 10 times in a row the ETag that it has just
   * returned. Nothing was written then
   * @example
   * map.update("counter", (count = "0") => String(Number(count) + 1));
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
   */
  update(key: string, fn: (value: V | undefined) => V | undefined, options?: ObjectOptions): V | undefined;
  /**
   * A link to a key, for somebody without credentials: a presigned URL. This sends no request to S3, so the key need
   * not exist. Only finding credentials may cost requests to other services, such as STS.
   *
   * The link stops working when it expires, or when the credentials that signed it expire. It allows what these
   * credentials allow. It contains the region that the map knows. If the bucket's region is not configured, set the
   * option `region`, or call another method first. A value stored through a link for PUT gets the bucket's own
   * encryption and storage class, whatever the options of the map say.
   *
   * @throws TypeError over a layer that changes values, because a link leads to the stored bytes; for the local S3 and
   * for `anonymous`; and for a key with `.` or `..` between slashes, which clients would resolve
   * @throws S3BucketMapError `CredentialsEndFirst` if the credentials expire before the link
   * @example
   * map.url("photo.jpg", { filename: "Photo.jpg" }); // https://…
   * map.url("upload", { method: "PUT", contentType: "image/png", expiresIn: 600 });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
   */
  url(key: string, options?: LinkOptions): string;
  /** The part of this map whose keys begin with `prefix`, which is prepended as it is, without a slash. No request. */
  subMap(prefix: string): SyncMap<V>;
  /**
   * Closes this map: later calls throw. Sub-maps stay open. Closing is optional, because maps do not keep a program
   * running.
   */
  close(): void;
}
