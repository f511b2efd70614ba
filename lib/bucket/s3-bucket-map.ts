import { inspect } from "node:util";
import { BucketCalls, callsOf } from "./bucket-calls.js";
import { bucketInternals, keysOf } from "./bucket-internals.js";
import type { Shared, ValueOf } from "./shared.js";
import { clear, deleteMany, setMany } from "./bulk.js";
import { checkOneOf } from "../arguments/checks.js";
import { checkDeasync } from "../bridge/check-deasync.js";
import { create, storeIfMatch } from "./conditional-writes.js";
import type { DiagnoseOptions, Diagnosis } from "./diagnosis.js";
import { getFile, putFile } from "./files.js";
import type { FileMap } from "../map/file-map.js";
import { CommonMap } from "../map/common-map.js";
import { checkPrefix, wholeKey } from "../arguments/keys.js";
import { checkFilePath, checkNoFileOptions } from "../arguments/paths.js";
import { internals } from "../map/internals.js";
import type { Internals } from "../map/internals.js";
import { listEntries, listKeys } from "./paged-listing.js";
import {
  checkEntriesOptions,
  checkIfMatch,
  checkListOptions,
  checkNoOptions,
  objectHeaders,
} from "../arguments/method-options.js";
import { parseSettings } from "../arguments/options.js";
import type { ReadAs, S3BucketOptions, Settings } from "../arguments/options.js";
import type {
  ListedEntry,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
} from "../map/sync-map.js";
import type { Bytes } from "../arguments/values.js";
import { wholeListing } from "./whole-listing.js";

// Settings of sub-maps have already been checked.
const checked = Symbol("checked");

/**
 * An S3 bucket, or the part of it under a prefix, as a map with blocking calls. Creating one sends nothing.
 *
 * Values are read as strings, or as Buffers with `readAs: "bytes"`. Both may be stored. {@link FileMap} and its SyncMap
 * document the methods.
 *
 * @example
 * const map = new S3BucketMap("my-bucket", { prefix: "testprefix/" });
 * map.set("testKey", "some value");
 * map.get("testKey"); // 'some value'
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
 */
export class S3BucketMap<As extends ReadAs = "string">
  extends CommonMap<ValueOf<As>>
  implements FileMap<ValueOf<As>>
{
  // It also has internals, but does not declare so: they are not in the published types.
  // Editors show the comments of FileMap and SyncMap for methods that have none here.
  readonly #calls: BucketCalls;
  #internals: Internals<ValueOf<As>> | undefined;

  /**
   * @param location - a bucket's name, an access point's ARN, or `s3://bucket/prefix`
   * @throws TypeError for an invalid location or option; it names the right one
   */
  constructor(location: string, options?: S3BucketOptions<As>);
  /** @internal */
  constructor(location: typeof checked, shared: Shared, prefix: string, readAs: As);
  constructor(
    location: string | typeof checked,
    options?: S3BucketOptions<As> | Shared,
    prefix?: string,
    readAs?: As,
  ) {
    super();
    if (location === checked) {
      this.#calls = new BucketCalls(options as Shared, prefix!, readAs);
      return;
    }
    const settings = parseSettings(location, options);
    if (settings.wait === "deasync") checkDeasync();
    this.#calls = new BucketCalls({ settings }, settings.prefix);
  }

  set(key: string, value: string | Bytes, options?: SetOptions): this {
    const whole = wholeKey(this.#calls.prefix, key);
    const ifMatch = checkIfMatch(options);
    const headers = objectHeaders(options, typeof value === "string", "set");
    if (ifMatch !== undefined) {
      storeIfMatch(this.#calls, whole, value, headers, ifMatch);
      return this;
    }
    this.#calls.set(whole, value, headers);
    return this;
  }

  has(key: string): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    const found = this.#calls.call({ op: "has", key: whole });
    if (!found) this.#calls.tell(whole, "unsure");
    return found;
  }

  delete(key: string): boolean;
  delete(key: string, none?: unknown): boolean {
    checkNoOptions(none, "delete");
    this.#calls.write({ op: "delete", key: wholeKey(this.#calls.prefix, key) });
    return true;
  }

  clear(none?: undefined): void {
    checkNoOptions(none, "clear");
    clear(this.#calls);
  }

  setMany(entries: Iterable<readonly [string, string | Bytes]>, options?: ObjectOptions): this {
    setMany(this.#calls, entries, (isText) => objectHeaders(options, isText, "setMany"));
    return this;
  }

  deleteMany(keys: Iterable<string>, none?: undefined): void {
    checkNoOptions(none, "deleteMany");
    deleteMany(this.#calls, keys);
  }

  keys(options?: ListOptions): IterableIterator<string> {
    return keysOf(this.#calls, listKeys(this.#calls, checkListOptions(options)));
  }

  get size(): number {
    let size = 0;
    for (const { keys } of wholeListing(this.#calls, "list")) size += keys.length;
    return size;
  }

  head(key: string): ObjectHead | undefined {
    const whole = wholeKey(this.#calls.prefix, key);
    const head = this.#calls.call({ op: "head", key: whole });
    if (head === undefined) this.#calls.tell(whole, "unsure");
    return head && { ...head, lastModified: new Date(head.lastModified) };
  }

  list(options?: ListEntriesOptions): IterableIterator<ListedEntry> {
    return listEntries(this.#calls, checkEntriesOptions(options));
  }

  create(key: string, value: string | Bytes, options?: ObjectOptions): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    return create(this.#calls, whole, value, objectHeaders(options, typeof value === "string", "create"));
  }

  putFile(key: string, path: string | URL, options?: SetOptions): this {
    const whole = wholeKey(this.#calls.prefix, key);
    const file = checkFilePath(path, "putFile");
    const ifMatch = checkIfMatch(options, "putFile");
    putFile(this.#calls, whole, file, objectHeaders(options, false, "putFile"), ifMatch);
    return this;
  }

  getFile(key: string, path: string | URL, options?: Record<string, never>): boolean {
    const whole = wholeKey(this.#calls.prefix, key);
    checkNoFileOptions(options);
    return getFile(this.#calls, whole, checkFilePath(path, "getFile"));
  }

  /**
   * Checks the map's settings, and reports where they come from: endpoint, region, addressing, credentials and clock.
   * It also checks what the credentials allow under the prefix, and which features the service supports: conditions,
   * DeleteObjects, multipart uploads and checksums. Each line that failed says what to do.
   *
   * It writes one key of its own under the prefix, `.s3bucketmap-diagnosis-…`, and deletes it. If it cannot, the report
   * names the key. (A bucket with versioning keeps its versions.) This costs 20 to 31 requests, one after the other; with
   * `readOnly` 1 LIST and 1 GET. Each step may take 20 s, and all of them together the deadline of a call.
   *
   * @returns a frozen value. Printed, or as a string, it is a report. It contains no secrets
   * @throws TypeError for wrong options. It throws nothing else, because failures are part of the report
   * @example
   * const diagnosis = map.diagnose();
   * if (!diagnosis.ok) console.log(diagnosis);
   */
  diagnose(options?: DiagnoseOptions): Diagnosis {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
    const { diagnose } = require("./diagnosis.js") as typeof import("./diagnosis.js");
    return diagnose(this.#calls, options);
  }

  subMap(prefix: string): S3BucketMap<As> {
    this.#calls.checkOpen("subMap");
    const joined = checkPrefix(this.#calls.prefix + checkPrefix(prefix), "The prefix, with the map's own,");
    return new S3BucketMap<As>(checked, this.#calls.shared, joined, this.#calls.readAs as As);
  }

  /**
   * A map of the same keys that reads values as `"string"` or as `"bytes"`. No request. Like a sub-map, it shares
   * settings and batches.
   *
   * @example
   * map.as("bytes").get("picture"); // <Buffer 89 50>
   */
  as<Other extends ReadAs>(readAs: Other): S3BucketMap<Other> {
    this.#calls.checkOpen("as");
    checkOneOf(readAs, "readAs", ["string", "bytes"]);
    return new S3BucketMap<Other>(checked, this.#calls.shared, this.#calls.prefix, readAs);
  }

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
    // The option readAs decides whether values are strings or Buffers, and As is its type.
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
    return `S3BucketMap { ${this.#calls.shown} }`;
  }
}

/** @internal The map of a bucket of an account. The settings have been checked. */
export function mapWithSettings<As extends ReadAs>(settings: Settings, account: Shared): S3BucketMap<As> {
  return new S3BucketMap<As>(checked, { settings, account }, settings.prefix, settings.readAs as As);
}
