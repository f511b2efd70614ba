import { inspect } from "node:util";
import { sharedBridge } from "./bridge/bridge.js";
import type { Bridge, Caller } from "./bridge/bridge.js";
import { loadDeasync } from "./bridge/deasync-wait.js";
import type { Call, ObjectHeaders, PageStart, Results } from "./bridge/protocol.js";
import { toError } from "./bridge/revive.js";
import { PartialFailureError } from "./errors.js";
import { checkPrefix, kindOf, wholeKey } from "./keys.js";
import { placeOf, tellListings } from "./listing.js";
import type { Place, Write } from "./listing.js";
import { checkListOptions, objectHeaders } from "./method-options.js";
import { parseSettings } from "./options.js";
import type { S3BucketOptions, Settings } from "./options.js";
import { wrongArgument } from "./stack.js";
import type { ListOptions, ObjectHead, SetOptions, SyncMap } from "./sync-map.js";
import { MAX_STRING_BYTES, toBody, toBuffer, toText } from "./values.js";
import type { Bytes } from "./values.js";

/** S3 gives at most this many keys on a page, and deletes at most so many by one request. */
const PAGE = 1000;

// Sub-maps are made from what their map has checked already.
const checked = Symbol("checked");

/** What reading gives. */
export type ReadAs = "string" | "bytes";

/** The type of the values. */
export type ValueOf<As extends ReadAs> = As extends "bytes" ? Buffer : string;

/** What the maps of one bucket have in common. */
interface Shared extends Caller {
  readonly settings: Settings;
  readonly bridge: Bridge;
  /** What is known beforehand of where the bucket is. */
  readonly service: string;
}

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
  readonly #shared: Shared;
  readonly #prefix: string;
  #closed = false;

  /**
   * @param location - a bucket's name, an access point's ARN, or `s3://bucket/prefix`
   * @throws TypeError for a location or an option that cannot be right, naming the right one
   */
  constructor(location: string, options?: S3BucketOptions & { readAs?: As });
  /** @internal */
  constructor(location: typeof checked, shared: Shared, prefix: string);
  constructor(location: string | typeof checked, options?: S3BucketOptions | Shared, prefix?: string) {
    if (location === checked) {
      this.#shared = options as Shared;
      this.#prefix = prefix!;
      return;
    }
    const settings = parseSettings(location, options);
    if (settings.wait === "deasync") checkDeasync();
    const { local, endpoint, profile } = settings.client;
    this.#shared = {
      settings,
      bridge: sharedBridge(),
      service: JSON.stringify([local, endpoint, profile]),
    };
    this.#prefix = settings.prefix;
  }

  /**
   * The value of a key, or `undefined` where there is none. 1 GET.
   *
   * @throws S3BucketMapError `NotUtf8` where a string is read and the bytes are none; `ValueTooLong` from
   * 512 MiB on, V8's limit for a string; both can be read with `readAs: "bytes"`
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  get(key: string): ValueOf<As> | undefined {
    const whole = wholeKey(this.#prefix, key);
    const asText = this.#shared.settings.readAs === "string";
    const bytes = this.#call({
      op: "get",
      key: whole,
      maxBytes: asText ? MAX_STRING_BYTES : Number.MAX_SAFE_INTEGER,
    });
    if (bytes === undefined) return undefined;
    if (!asText) return toBuffer(bytes) as ValueOf<As>;
    const value = toText(bytes);
    if (value === undefined)
      throw this.#error({ code: "NotUtf8", reason: "its bytes are not UTF-8" }, "get", whole);
    return value as ValueOf<As>;
  }

  /**
   * Stores a value, a string (as UTF-8) or bytes, whatever `readAs` says; it is durable when this returns. 1 PUT.
   *
   * @throws S3BucketMapError; the message says so where the write may have happened all the same
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
   */
  set(key: string, value: string | Bytes, options?: SetOptions): this {
    const whole = wholeKey(this.#prefix, key);
    const body = toBody(value);
    const headers: ObjectHeaders = objectHeaders(options, typeof value === "string");
    this.#tracked("set", whole, () => this.#call({ op: "set", key: whole, body, headers }));
    return this;
  }

  /**
   * Whether there is such a key. 1 HEAD, never the body; the first time that a key is missing, and nothing
   * yet has shown that the bucket exists, 1 GET of a single byte more.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  has(key: string): boolean {
    return this.#call({ op: "has", key: wholeKey(this.#prefix, key) });
  }

  /**
   * Makes sure that a key is gone. 1 DELETE.
   *
   * @returns true: S3 does not say whether the key was there, and asking would cost a second request
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
   */
  delete(key: string): boolean {
    const whole = wholeKey(this.#prefix, key);
    this.#tracked("deleted", whole, () => this.#call({ op: "delete", key: whole }));
    return true;
  }

  /**
   * Deletes all keys of this map, and no others. 1 LIST and 1 DeleteObjects for each thousand keys.
   *
   * @throws PartialFailureError where S3 refused to delete some of them
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
   */
  clear(): void {
    const succeeded: string[] = [];
    const failed = new Map<string, ReturnType<typeof toError>>();
    for (const page of this.#pages({}, "clear")) {
      for (const key of page) this.#tell(key, "unsure");
      const refused = new Map(
        this.#call({ op: "deleteMany", keys: page }, "clear").map(({ key, failure }) => [key, failure]),
      );
      for (const key of page) {
        const failure = refused.get(key);
        refused.delete(key);
        if (failure === undefined) this.#tell(key, "deleted");
        if (failure === undefined) succeeded.push(this.#relative(key));
        else failed.set(this.#relative(key), this.#error(failure, "delete", key));
      }
      // A refusal of a key that was not asked for: something is wrong, and must not pass for success.
      for (const [key, failure] of refused) failed.set(key, this.#error(failure, "delete", key));
    }
    if (failed.size === 0) return;
    const [first] = failed.values();
    throw new PartialFailureError(
      `Deleted ${succeeded.length} keys of bucket "${this.#bucket}" and could not delete ${failed.size}; the first: ${first!.message} ` +
        `The error's succeeded and failed name them all.`,
      { code: "PartialFailure", operation: "clear", bucket: this.#bucket, cause: first },
      succeeded,
      failed,
    );
  }

  /**
   * The keys, in the order of their UTF-8 bytes, a page of 1000 at a time. 1 LIST a page, when it is needed.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
   */
  *keys(options?: ListOptions): IterableIterator<string> {
    for (const page of this.#pages(options)) for (const key of page) yield this.#relative(key);
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

  /** How many keys there are. 1 LIST a thousand keys. */
  get size(): number {
    let size = 0;
    for (const page of this.#pages()) size += page.length;
    return size;
  }

  /**
   * What S3 knows of a value without reading it, or `undefined` where there is no such key. 1 HEAD, and as
   * for `has` sometimes 1 GET of a byte.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
   */
  head(key: string): ObjectHead | undefined {
    const head = this.#call({ op: "head", key: wholeKey(this.#prefix, key) });
    return head && { ...head, lastModified: new Date(head.lastModified) };
  }

  /** The part of this map whose keys begin with `prefix`, joined on plainly, without a slash. No request. */
  subMap(prefix: string): S3BucketMap<As> {
    this.#checkOpen("subMap");
    const joined = checkPrefix(this.#prefix + checkPrefix(prefix), "The prefix, with the map's own,");
    return new S3BucketMap<As>(checked, this.#shared, joined);
  }

  /** Ends the use of this map; its sub-maps go on. Nothing needs it: a program ends by itself. */
  close(): void {
    this.#closed = true;
  }

  /** @internal */
  [placeOf](): Place {
    return { bucket: this.#bucket, service: this.#shared.service, prefix: this.#prefix };
  }

  get [Symbol.toStringTag](): string {
    return "S3BucketMap";
  }

  [inspect.custom](): string {
    const { local, endpoint } = this.#shared.settings.client;
    const where =
      local !== undefined ? ` in the local S3 at ${local}` : endpoint !== undefined ? ` at ${endpoint}` : "";
    return `S3BucketMap { s3://${this.#bucket}/${this.#prefix}${where}${this.#closed ? ", closed" : ""} }`;
  }

  get #bucket(): string {
    return this.#shared.settings.client.bucket;
  }

  // A facade's listing must learn of the write; where it fails, nobody knows what is there.
  #tracked(write: Write, key: string, run: () => void): void {
    this.#tell(key, "unsure");
    run();
    this.#tell(key, write);
  }

  #tell(key: string, write: Write): void {
    tellListings(this[placeOf](), key, write);
  }

  #relative(key: string): string {
    return key.slice(this.#prefix.length);
  }

  // Whole keys, a page at a time.
  *#pages(options?: ListOptions, operation = "list"): Generator<string[], void, undefined> {
    const { prefix = "", startAfter, limit = Infinity } = checkListOptions(options);
    const where = { op: "list" as const, prefix: this.#prefix + prefix };
    let start: PageStart = startAfter === undefined ? {} : { startAfter: this.#prefix + startAfter };
    for (let left = limit; left > 0;) {
      const page = this.#call({ ...where, ...start, limit: Math.min(left, PAGE) }, operation);
      left -= page.keys.length;
      yield page.keys;
      if (page.next === undefined) return;
      start = page.next;
    }
  }

  #call<C extends Call>(call: C, operation: string = call.op): Results[C["op"]] {
    this.#checkOpen(operation);
    const outcome = this.#shared.bridge.call<C["op"]>(this.#shared, call);
    if (outcome.ok) return outcome.value;
    throw this.#error(outcome.failure, operation, "key" in call ? call.key : undefined);
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw this.#error({ code: "Closed" }, operation);
  }

  #error(
    failure: Parameters<typeof toError>[0],
    operation: string,
    key?: string,
  ): ReturnType<typeof toError> {
    return toError(failure, {
      operation,
      bucket: this.#bucket,
      prefix: this.#prefix,
      timeoutMs: this.#shared.settings.timeoutMs,
      ...(key === undefined ? {} : { key }),
    });
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
    loadDeasync();
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
