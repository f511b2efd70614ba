import { inspect } from "node:util";
import { BucketCalls } from "./bucket-calls.js";
import type { Shared } from "./bucket-calls.js";
import { clear, deleteMany, getMany, setMany } from "./bulk.js";
import { checkPrefix, kindOf, wholeKey } from "./keys.js";
import { allKeys, placeOf } from "./listing.js";
import type { Place, Write } from "./listing.js";
import { checkListOptions, objectHeaders } from "./method-options.js";
import { parseSettings } from "./options.js";
import type { S3BucketOptions } from "./options.js";
import { wrongArgument } from "./stack.js";
import type { ListOptions, ObjectHead, SetOptions, SyncMap } from "./sync-map.js";
import { toBody } from "./values.js";
import type { Bytes } from "./values.js";
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
export class S3BucketMap<As extends ReadAs = "string"> implements SyncMap<ValueOf<As>> {
  readonly #calls: BucketCalls;

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
    const { local, endpoint, profile } = settings.client;
    const service = JSON.stringify([local, endpoint, profile]);
    this.#calls = new BucketCalls({ settings, service }, settings.prefix);
  }

  /**
   * The value of a key, or `undefined` where there is none. 1 GET.
   *
   * @throws S3BucketMapError `NotUtf8` where a string is read and the bytes are none; `ValueTooLong` from
   * 512 MiB on, V8's limit for a string; both can be read with `readAs: "bytes"`
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  get(key: string): ValueOf<As> | undefined {
    const whole = wholeKey(this.#calls.prefix, key);
    const body = this.#calls.call({ op: "get", key: whole, maxBytes: this.#calls.maxBytes });
    if (body === undefined) return undefined;
    const read = this.#calls.decode(body);
    if ("failure" in read) throw this.#calls.error(read.failure, "get", whole);
    return read.value as ValueOf<As>;
  }

  /**
   * Stores a value, a string (as UTF-8) or bytes, whatever `readAs` says; it is durable when this returns. 1 PUT;
   * for a value of more than 16 MiB 1 CreateMultipartUpload, 1 UploadPart for each 8 MiB, 4 at a time, and 1
   * CompleteMultipartUpload (and 1 AbortMultipartUpload where one of them fails). All within one deadline.
   *
   * @throws S3BucketMapError; the message says so where the write may have happened all the same
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
   */
  set(key: string, value: string | Bytes, options?: SetOptions): this {
    const whole = wholeKey(this.#calls.prefix, key);
    const body = toBody(value);
    const headers = objectHeaders(options, typeof value === "string");
    this.#tracked("set", whole, () => this.#calls.call({ op: "set", key: whole, body, headers }));
    return this;
  }

  /**
   * Whether there is such a key. 1 HEAD, never the body; the first time that a key is missing, and nothing
   * yet has shown that the bucket exists, 1 GET of a single byte more.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  has(key: string): boolean {
    return this.#calls.call({ op: "has", key: wholeKey(this.#calls.prefix, key) });
  }

  /**
   * Makes sure that a key is gone. 1 DELETE.
   *
   * @returns true: S3 does not say whether the key was there, and asking would cost a second request
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
   */
  delete(key: string): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    this.#tracked("deleted", whole, () => this.#calls.call({ op: "delete", key: whole }));
    return true;
  }

  /**
   * Deletes all keys of this map, and no others. 1 LIST and 1 DeleteObjects for each thousand keys.
   *
   * @throws PartialFailureError where S3 refused to delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  clear(): void {
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
    return getMany(this.#calls, keys) as Map<string, ValueOf<As>>;
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
  setMany(entries: Iterable<readonly [string, string | Bytes]>, options?: SetOptions): this {
    setMany(this.#calls, entries, (isText) => objectHeaders(options, isText));
    return this;
  }

  /**
   * Makes sure that many keys are gone. 1 DeleteObjects for each thousand keys, and 1 DELETE for a key that
   * XML 1.0 cannot carry, such as U+0001.
   *
   * @throws PartialFailureError where S3 refused to delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  deleteMany(keys: Iterable<string>): void {
    deleteMany(this.#calls, keys);
  }

  /**
   * The keys, in the order of their UTF-8 bytes, a page of 1000 at a time. 1 LIST a page, when it is needed.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
   */
  *keys(options?: ListOptions): IterableIterator<string> {
    for (const page of this.#calls.pages(checkListOptions(options)))
      for (const key of page) yield this.#calls.relative(key);
  }

  /** The values, in the order of their keys. 1 LIST a thousand keys, and 1 GET a value. */
  *values(options?: ListOptions): IterableIterator<ValueOf<As>> {
    for (const [, value] of this.entries(options)) yield value;
  }

  /** The keys with their values, in the order of the keys. 1 LIST a thousand keys, and 1 GET a value. */
  *entries(options?: ListOptions): IterableIterator<[string, ValueOf<As>]> {
    for (const key of this.keys(options)) {
      const value = this.get(key);
      // It was deleted since the listing.
      if (value !== undefined) yield [key, value];
    }
  }

  [Symbol.iterator](): IterableIterator<[string, ValueOf<As>]> {
    return this.entries();
  }

  /** Calls `callback(value, key, map)` for each key, in order. 1 LIST a thousand keys, and 1 GET a value. */
  forEach(callback: (value: ValueOf<As>, key: string, map: this) => void, thisArg?: unknown): void {
    if (typeof callback !== "function")
      throw wrongArgument(`forEach takes a function, not ${kindOf(callback)}.`);
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  /**
   * How many keys there are. 1 LIST a thousand keys; from 10,000 keys on they are listed in parallel, by at most
   * 1.3 LIST a thousand, and 10. Each page has at least three quarters of the deadline of a call.
   */
  get size(): number {
    let size = 0;
    for (const page of wholeListing(this.#calls, "list")) size += page.length;
    return size;
  }

  /**
   * What S3 knows of a value without reading it, or `undefined` where there is no such key. 1 HEAD, and as
   * for `has` sometimes 1 GET of a byte.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  head(key: string): ObjectHead | undefined {
    const head = this.#calls.call({ op: "head", key: wholeKey(this.#calls.prefix, key) });
    return head && { ...head, lastModified: new Date(head.lastModified) };
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

  /**
   * All keys at once, as `Object.keys` needs them: in parallel, as for `size`.
   *
   * @internal
   */
  [allKeys](): string[] {
    // Who lists other keys means them to be seen by a facade, too.

    if (this.keys !== S3BucketMap.prototype.keys) return [...this.keys()];
    const keys: string[] = [];
    for (const page of wholeListing(this.#calls, "list"))
      for (const key of page) keys.push(this.#calls.relative(key));
    return keys;
  }

  /** @internal */
  [placeOf](): Place {
    return this.#calls.place;
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

  // A facade's listing must learn of the write; where it fails, nobody knows what is there.
  #tracked(write: Write, key: string, run: () => void): void {
    this.#calls.tell(key, "unsure");
    run();
    this.#calls.tell(key, write);
  }
}

function checkDeasync(): void {
  // Not left to a try: on Bun deasync does load, and its first wait aborts the whole process.
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    throw wrongArgument(
      `The option wait: "deasync" needs Node: deasync turns Node's own event loop, which ${bun === undefined ? "Deno" : "Bun"} does not have. ` +
        'wait: "atomics", the default, needs nothing.',
    );
  }
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only by those who wait this way
    (require("./bridge/deasync-wait.js") as typeof import("./bridge/deasync-wait.js")).loadDeasync();
  } catch (cause) {
    throw Object.assign(
      wrongArgument(
        'The option wait: "deasync" needs the optional package deasync, which could not be loaded: npm install deasync ' +
          "(where npm does not run install scripts: npm rebuild deasync; it has prebuilt files for x64 Linux, macOS and Windows). " +
          'wait: "atomics", the default, needs nothing.',
      ),
      { cause },
    );
  }
}
