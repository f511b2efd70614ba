import { inspect } from "node:util";
import { BucketCalls, callsOf } from "./bucket-calls.js";
import { bucketInternals, keysOf } from "./bucket-internals.js";
import type { Shared } from "./shared.js";
import { clear, deleteMany, getMany, setMany } from "./bulk.js";
import { getStored, storedEntries } from "./bucket-reads.js";
import { checkDeasync } from "../bridge/check-deasync.js";
import { create, storeIfMatch } from "./conditional-writes.js";
import type { DiagnoseOptions, Diagnosis } from "./diagnosis.js";
import { forEach, update } from "../map/methods.js";
import { checkPrefix, wholeKey } from "../arguments/keys.js";
import { internals } from "../map/internals.js";
import type { HasInternals, Internals } from "../map/internals.js";
import { listEntries, listKeys } from "./listing.js";
import { mapped } from "../map/iterables.js";
import {
  checkEntriesOptions,
  checkIfMatch,
  checkListOptions,
  checkNoOptions,
  objectHeaders,
} from "../arguments/method-options.js";
import { parseSettings } from "../arguments/options.js";
import type { S3BucketOptions } from "../arguments/options.js";
import type {
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
  SyncMap,
} from "../map/sync-map.js";
import { toBody } from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";
import { wholeListing } from "./whole-listing.js";

// Sub-maps are made from what their map has checked already.
const checked = Symbol("checked");

/** What reading gives. */
export type ReadAs = "string" | "bytes";

/** The type of the values. */
export type ValueOf<As extends ReadAs> = As extends "bytes" ? Buffer : string;

/**
 * An S3 bucket, or the part of it under a prefix, as a map with blocking calls. Making one sends nothing.
 *
 * Values are strings (or Buffers with `readAs: "bytes"`); both may be stored. Keys are 1 to 1024 bytes of
 * UTF-8, prefix included. Every method throws an `S3BucketMapError` where S3, the network or the worker
 * thread fails (its `code` says what), and a TypeError for a wrong argument, before anything is sent.
 *
 * @example
 * const map = new S3BucketMap("my-bucket", { prefix: "testprefix/" });
 * map.set("testKey", "some value");
 * map.get("testKey"); // 'some value'
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
 */
export class S3BucketMap<As extends ReadAs = "string">
  implements SyncMap<ValueOf<As>>, HasInternals<ValueOf<As>>
{
  readonly #calls: BucketCalls;
  #internals: Internals<ValueOf<As>> | undefined;

  /**
   * @param location - a bucket's name, an access point's ARN, or `s3://bucket/prefix`
   * @throws TypeError for a location or an option that cannot be right, naming the right one
   */
  constructor(location: string, options?: S3BucketOptions & { readAs?: As });
  /** @internal */
  constructor(location: typeof checked, shared: Shared, prefix: string);
  constructor(location: string | typeof checked, options?: S3BucketOptions | Shared, prefix?: string) {
    if (location === checked) {
      this.#calls = new BucketCalls(options as Shared, prefix!);
      return;
    }
    const settings = parseSettings(location, options);
    if (settings.wait === "deasync") checkDeasync();
    this.#calls = new BucketCalls({ settings }, settings.prefix);
  }

  /**
   * The value of a key, or `undefined` where there is none. 1 GET, and for a value of more than 32 MiB at most 1 for
   * each 8 MiB of it, which other connections carry where one is not quick; it is of one version all the same.
   *
   * @throws S3BucketMapError `NotUtf8` where a string is read and the bytes are none; `ValueTooLong` from
   * 512 MiB on, V8's limit for a string; both can be read with `readAs: "bytes"`, up to 4 GiB
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  get(key: string): ValueOf<As> | undefined {
    return getStored(this.#calls, key)?.value as ValueOf<As> | undefined;
  }

  /**
   * Stores a value, a string (as UTF-8) or bytes, whatever `readAs` says; it is durable when this returns. 1 PUT;
   * for a value of more than 16 MiB 1 CreateMultipartUpload, 1 UploadPart for each 8 MiB, 4 at a time, and 1
   * CompleteMultipartUpload (and 1 AbortMultipartUpload where one of them fails). All within one deadline.
   *
   * With `ifMatch`, an ETag that `head` or `list` gave, only where the key still has it. Such a write is not sent
   * again blindly: where its answer is lost, 1 HEAD finds out whether it happened. So it does where a service other than
   * AWS refuses it, as a proxy may have sent it twice. The first one there is preceded by a check that the service keeps to
   * conditions: 6 requests, or 8.
   *
   * @throws TypeError for a value of 4 GiB or more, and with `ifMatch` of 2 GiB or more. Also where `ifMatch` is given as
   * `undefined`, as from `head` of a missing key: {@link create} writes where there is none
   * @throws S3BucketMapError; the message says so where the write may have happened all the same.
   * PreconditionFailedError where the key has another ETag or is gone; `ConditionsUnsupported` where the service
   * ignores conditions. Then nothing was written
   * @example
   * const { etag } = map.head("testKey");
   * map.set("testKey", "new value", { ifMatch: etag });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
   */
  set(key: string, value: string | Bytes, options?: SetOptions): this {
    const whole = wholeKey(this.#calls.prefix, key);
    const ifMatch = checkIfMatch(options);
    const headers = objectHeaders(options, typeof value === "string", "set");
    if (ifMatch !== undefined) {
      storeIfMatch(this.#calls, whole, value, headers, ifMatch);
      return this;
    }
    const body = toBody(value);
    this.#calls.write({ op: "set", key: whole, body, headers });
    return this;
  }

  /**
   * Whether there is such a key. 1 HEAD, never the body; the first time that a key is missing, and nothing
   * yet has shown that the bucket exists, 1 GET of a single byte more.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  has(key: string): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    const found = this.#calls.call({ op: "has", key: whole });
    if (!found) this.#calls.tell(whole, "unsure");
    return found;
  }

  /**
   * Makes sure that a key is gone. 1 DELETE.
   *
   * @returns true: S3 does not say whether the key was there, and asking would cost a second request
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
   */
  delete(key: string): boolean;
  delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    this.#calls.write({ op: "delete", key: wholeKey(this.#calls.prefix, key) });
    return true;
  }

  /**
   * Deletes all keys of this map, and no others. 1 LIST and 1 DeleteObjects for each thousand keys; all are listed before
   * any is deleted.
   *
   * @throws PartialFailureError where S3 refused to delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    clear(this.#calls);
  }

  /**
   * The values of those of the keys that are there, in the order of the keys. 1 GET a key, `concurrency` at a
   * time. Each thousand keys have the deadline of a call.
   *
   * @throws PartialFailureError where some could not be read; `succeeded` names those that could, missing ones included
   * @example
   * map.getMany(["a", "b", "missing"]); // Map(2) { 'a' => …, 'b' => … }
   */
  getMany(keys: Iterable<string>): Map<string, ValueOf<As>> {
    const values = new Map<string, ValueOf<As>>();
    for (const [key, { value }] of getMany(this.#calls, keys)) values.set(key, value as ValueOf<As>);
    return values;
  }

  /**
   * Stores many values, `concurrency` at a time; all are durable when this returns. Of a key that comes
   * twice the last value is stored. 1 PUT a key. Each thousand keys, or 64 MiB, have the deadline of a call.
   *
   * @throws PartialFailureError where some could not be stored; TypeError before anything is sent
   * @example
   * map.setMany([["a", "1"], ["b", "2"]]);
   * map.setMany(Object.entries({ a: "1", b: "2" }));
   */
  setMany(entries: Iterable<readonly [string, string | Bytes]>, options?: ObjectOptions): this {
    setMany(this.#calls, entries, (isText) => objectHeaders(options, isText, "setMany"));
    return this;
  }

  /**
   * Makes sure that many keys are gone. 1 DeleteObjects for each thousand keys, and 1 DELETE for a key that
   * XML 1.0 cannot carry, such as U+0001.
   *
   * @throws PartialFailureError where S3 refused to delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    deleteMany(this.#calls, keys);
  }

  /**
   * The keys, in the order of their UTF-8 bytes, a page of 1000 at a time. 1 LIST a page, when it is needed.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
   */
  keys(options?: ListOptions): IterableIterator<string> {
    return keysOf(this.#calls, listKeys(this.#calls, checkListOptions(options)));
  }

  /** The values, as {@link entries} has them. */
  values(options?: ListOptions): IterableIterator<ValueOf<As>> {
    return mapped(this.entries(options), ([, value]) => value);
  }

  /**
   * The keys with their values, in the order of the keys. 1 LIST a thousand keys, and 1 GET a value.
   *
   * Unless the option `readAhead` is false, up to `concurrency` values, of 16 MiB at most, are read before their turn, for
   * this iterator alone: where the program's own work on each takes long, what another program writes meanwhile may not
   * be seen. What this thread writes is.
   */
  entries(options?: ListOptions): IterableIterator<[string, ValueOf<As>]> {
    return mapped(storedEntries(this.#calls, options), ([key, { value }]) => [key, value as ValueOf<As>]);
  }

  [Symbol.iterator](): IterableIterator<[string, ValueOf<As>]> {
    return this.entries();
  }

  /** Calls `callback(value, key, map)` for each key, in order. 1 LIST a thousand keys, when it is needed, and 1 GET a value. */
  forEach(callback: (value: ValueOf<As>, key: string, map: this) => void, thisArg?: unknown): void {
    forEach<ValueOf<As>, this>(this, callback, thisArg);
  }

  /**
   * How many keys there are. 1 LIST a thousand keys; from 10,000 keys on they are listed in parallel, by at most
   * 1.3 LIST a thousand, and 10. Each page has at least three quarters of the deadline of a call.
   */
  get size(): number {
    let size = 0;
    for (const { keys } of wholeListing(this.#calls, "list")) size += keys.length;
    return size;
  }

  /**
   * What S3 knows of a value without reading it, or `undefined` where there is no such key. 1 HEAD, and as
   * for `has` sometimes 1 GET of a byte.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  head(key: string): ObjectHead | undefined {
    const whole = wholeKey(this.#calls.prefix, key);
    const head = this.#calls.call({ op: "head", key: whole });
    if (head === undefined) this.#calls.tell(whole, "unsure");
    return head && { ...head, lastModified: new Date(head.lastModified) };
  }

  /**
   * The keys with what is known of each, in the order of their UTF-8 bytes, a page of 1000 at a time; with a
   * `delimiter` what lies under a common prefix comes as one entry, the "folder". 1 LIST a page, when it is needed.
   *
   * @example
   * for (const { key, prefix, size } of map.list({ delimiter: "/" })) {
   *   console.log(key === undefined ? `${prefix} is a folder` : `${key} has ${size} bytes`);
   * }
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
   */
  list(options?: ListEntriesOptions): IterableIterator<ListedEntry> {
    return listEntries(this.#calls, checkEntriesOptions(options));
  }

  /**
   * Stores a value where the key is missing: of any number of programs that try at once, one does. 1 PUT; where its
   * answer is lost, and at a service other than AWS, as for {@link set} with `ifMatch`.
   *
   * @returns whether it did; false where the key exists. False, too, where a proxy before a service other than AWS has sent the
   * write twice by itself, and somebody else has overwritten or deleted the key since
   * @throws S3BucketMapError `ConditionsUnsupported` where the service ignores conditions
   * @example
   * if (map.create("lock", hostname())) work();
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
   */
  create(key: string, value: string | Bytes, options?: ObjectOptions): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    return create(this.#calls, whole, value, objectHeaders(options, typeof value === "string", "create"));
  }

  /**
   * Changes a value so that no write of another program is lost: reads it, asks `fn` for a new one, and stores that
   * where the value is still the same; otherwise it begins again, up to 100 times, within `timeoutMs` in all, what
   * `fn` takes included. 1 GET and 1 PUT (or 1 DELETE) a time; where an answer is lost, and at a service other than
   * AWS, as for {@link set} with `ifMatch`, and before the first deletion there 4 requests more, or 6. Where a proxy there
   * sends a write twice by itself, and somebody else overwrites or deletes the key in between, it begins again; and so it
   * does where a deletion is sent twice.
   *
   * What was stored beside the value stays as it was, unless `options` name it: Content-Type, Content-Encoding,
   * Cache-Control, Content-Disposition, Content-Language, Expires, a website's redirect, and the metadata as a whole.
   *
   * @param fn - given the value, or `undefined` where the key is missing, returns the new one, or `undefined` to
   * delete the key. It must be synchronous, and may be called several times. What it throws passes through, and
   * nothing is written
   * @returns what was stored; `undefined` where the key was deleted, or was missing and stays so
   * @throws S3BucketMapError `TooMuchContention` where others were quicker each time; `ConditionsUnsupported` where the
   * service ignores conditions, as many do those of a DELETE, or 10 times in a row refuses the ETag that it has just
   * given. Then nothing was written
   * @example
   * map.update("counter", (count = "0") => String(Number(count) + 1));
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
   */
  update(
    key: string,
    fn: (value: ValueOf<As> | undefined) => ValueOf<As> | undefined,
    options?: ObjectOptions,
  ): ValueOf<As> | undefined {
    return update(this, key, fn, options);
  }

  /**
   * Finds out where this map's settings come from, and what may be done by them: endpoint, region, addressing,
   * credentials, the clock; whether one may list, read, write and delete under the prefix; whether the service keeps to
   * conditions, and has DeleteObjects, multipart uploads and checksums. Each line that has failed says what to do.
   *
   * It writes to one key of its own under the prefix, `.s3bucketmap-diagnosis-…`, deletes it, and names it where that fails.
   * (A bucket with versions keeps those.) About 25 requests, one after the other; with `readOnly` 1 LIST and 1 GET. Each
   * step has 20 s, all of them the deadline of a call.
   *
   * @returns a frozen value; printed, or as a string, it is a report. No secret is in it
   * @throws TypeError for wrong options, and nothing else: what fails is part of the report
   * @example
   * const diagnosis = map.diagnose();
   * if (!diagnosis.ok) console.log(diagnosis);
   */
  diagnose(options?: DiagnoseOptions): Diagnosis {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
    const { diagnose } = require("./diagnosis.js") as typeof import("./diagnosis.js");
    return diagnose(this.#calls, options);
  }

  /** The part of this map whose keys begin with `prefix`, joined on plainly, without a slash. No request. */
  subMap(prefix: string): S3BucketMap<As> {
    this.#calls.checkOpen("subMap");
    const joined = checkPrefix(this.#calls.prefix + checkPrefix(prefix), "The prefix, with the map's own,");
    return new S3BucketMap<As>(checked, this.#calls.shared, joined);
  }

  /** Ends the use of this map; its sub-maps go on. Nothing needs it: a program ends by itself. */
  close(): void {
    this.#calls.closed = true;
  }

  /** @internal */
  [callsOf](): BucketCalls {
    return this.#calls;
  }

  /** @internal */
  get [internals](): Internals<ValueOf<As>> {
    return (this.#internals ??= this.#makeInternals());
  }

  #makeInternals(): Internals<ValueOf<As>> {
    // The values are strings or Buffers by the option readAs, which is what As says.
    const made = bucketInternals(this.#calls) as unknown as Internals<ValueOf<As>>;
    // Respect subclasses that override keys().
    const allKeys = (): string[] =>
      this.keys === S3BucketMap.prototype.keys ? made.allKeys() : [...this.keys()];
    return { ...made, allKeys };
  }

  get [Symbol.toStringTag](): string {
    return "S3BucketMap";
  }

  [inspect.custom](): string {
    const { shared, bucket, prefix, closed } = this.#calls;
    const { local, endpoint } = shared.settings.client;
    const where =
      local !== undefined ? ` in the local S3 at ${local}` : endpoint !== undefined ? ` at ${endpoint}` : "";
    return `S3BucketMap { s3://${bucket}/${prefix}${where}${closed ? ", closed" : ""} }`;
  }
}
