import type { Begun, Bridge } from "../bridge/bridge.js";
import type { WritePipeline } from "./write-pipeline.js";
import type { Call, Method, Op, Result } from "../bridge/operations.js";
import type { Failure, Page, PageStart, Reading } from "../bridge/protocol.js";
import { toError } from "../errors/revive.js";
import type { S3BucketMapError } from "../errors/errors.js";
import { logWrite, newNumber } from "../copies/history.js";
import type { Write } from "../copies/history.js";
import type { Place, Stored } from "../map/internals.js";
import type { ListOptions } from "../map/sync-map.js";
import type { ExpectedReads, Run } from "./prefetch-run.js";
import { MAX_STRING_BYTES, MAX_VALUE_BYTES, toBuffer, toText } from "../arguments/values.js";
import type { Shared } from "./shared.js";
import { PAGE } from "../map/page.js";

/** The method that gives a map's {@link BucketCalls}. */
export const callsOf: unique symbol = Symbol("callsOf");

/** The calls of one map: whole keys, raw bodies, and errors that say what was tried on what. */
export class BucketCalls {
  readonly shared: Shared;
  readonly prefix: string;
  closed = false;
  /** The sizes of the values of the last whole listing, a page each, until they are used. */
  listedSizes: Float64Array[] | undefined;

  constructor(shared: Shared, prefix: string) {
    this.shared = shared;
    this.prefix = prefix;
  }

  get bucket(): string {
    return this.shared.settings.client.bucket;
  }

  get place(): Place {
    return { bucket: this.bucket, map: this.#number, prefix: this.prefix };
  }

  get #number(): number {
    return (this.shared.number ??= newNumber());
  }

  /** The longest body that can be read as a value. */
  get maxBytes(): number {
    return this.shared.settings.readAs === "string" ? MAX_STRING_BYTES : MAX_VALUE_BYTES;
  }

  /** @param timeoutMs - what is left of a deadline that several calls have in common */
  call<One extends Op>(call: Call<One>, method: Method = call.op, timeoutMs?: number): Result<One> {
    this.checkOpen(method);
    this.shared.bridge ??= loadBridge();
    const outcome = this.shared.bridge.call(this.shared, call, timeoutMs);
    if (outcome.ok) return outcome.value;
    throw this.error(outcome.failure, method, "key" in call ? call.key : undefined);
  }

  /** Starts the worker thread, if there is none, and does not wait for it. */
  start(): void {
    this.shared.bridge ??= loadBridge();
    this.shared.bridge.start();
  }

  /** Sends a call without waiting for it. */
  begin<One extends Op>(call: Call<One>, method: Method): Begun<One> | { failure: Failure } {
    this.checkOpen(method);
    this.shared.bridge ??= loadBridge();
    return this.shared.bridge.begin(this.shared, call);
  }

  /** Reads one value. It may have begun before: prefetch.ts. */
  read(key: string): Reading | undefined {
    this.checkOpen("get");
    const run = prefetch?.runAt(this.shared, key);
    const reading = run === undefined ? this.readNow(key) : run.read(this);
    if (reading === undefined) this.sawNone(key);
    return reading;
  }

  readNow(key: string): Reading | undefined {
    // Without an ETag the answer is never "unchanged".
    return this.call({ op: "get", key, maxBytes: this.maxBytes }) as Reading | undefined;
  }

  /** The program has learnt that a key is missing: no listing from before may say otherwise. */
  sawNone(key: string): void {
    this.tell(key, "unsure");
  }

  /** Keys that were listed and are likely to be read now, in this order. */
  expectReads(reads: ExpectedReads): void {
    if (this.#readsAhead) loadPrefetch().expectReads(this.shared, reads);
  }

  /** The reads of an iterator, for it alone; undefined where the map's options are against reading ahead. */
  beginRun(): Run | undefined {
    return this.#readsAhead ? loadPrefetch().beginAlone(this.shared) : undefined;
  }

  get #readsAhead(): boolean {
    const { readAhead, client } = this.shared.settings;
    return readAhead && client.concurrency > 1;
  }

  /** A write of one key: waited for, unless it is part of a batch. The facades' listings learn of it. */
  write(call: Call<"set" | "delete">): void {
    this.checkOpen(call.op);
    // Beforehand: where it fails, nobody knows what is there.
    this.tell(call.key, "unsure");
    const batch = pipelines?.pipelineFor(this.shared, call.key);
    if (batch !== undefined) {
      batch.write(call);
      return;
    }
    this.call(call);
    this.tell(call.key, call.op === "set" ? "set" : "deleted");
  }

  /** A batch for the keys of this map. */
  openPipeline(): WritePipeline {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load the bridge with this file
    pipelines ??= require("./write-pipeline.js") as typeof import("./write-pipeline.js");
    this.shared.bridge ??= loadBridge();
    return new pipelines.WritePipeline(this.shared.bridge, this.shared, this.prefix);
  }

  /** Runs `fn` while the batch is open. */
  within<T>(batch: WritePipeline, fn: () => T, atExit: () => void): T {
    return pipelines!.within(batch, fn, atExit);
  }

  /** Whether writes are waited for. */
  get writesAreDurable(): boolean {
    return pipelines === undefined || !pipelines.isAnyOpen();
  }

  checkOpen(method: Method): void {
    if (this.closed) throw this.error({ code: "Closed" }, method);
  }

  error(failure: Failure, method: Method, key?: string): S3BucketMapError {
    return toError(failure, {
      operation: method,
      bucket: this.bucket,
      prefix: this.prefix,
      timeoutMs: this.shared.settings.timeoutMs,
      ...(key === undefined ? {} : { key }),
    });
  }

  /** What reading gives: a string or a Buffer, or a failure where it should be text and is none. */
  decode({ body, etag, contentEncoding }: Reading): Stored<string | Buffer> | { failure: Failure } {
    const value = this.shared.settings.readAs === "string" ? toText(body) : toBuffer(body);
    return value === undefined
      ? { failure: { code: "NotUtf8", reason: "its bytes are not UTF-8" } }
      : { value, etag, contentEncoding, size: body.length };
  }

  relative(key: string): string {
    return key.slice(this.prefix.length);
  }

  /** Lets the facades' listings know of a write: beforehand as "unsure", for it may fail. */
  tell(key: string, write: Write): void {
    logWrite(this.#number, this.bucket, key, write);
  }

  /** A facade's listing must learn of a write; where it fails, nobody knows what is there. */
  tracked(write: Write, key: string, run: () => void): void {
    this.tell(key, "unsure");
    run();
    this.tell(key, write);
  }

  /**
   * Whole keys and the sizes of their values, a page at a time. The options have been checked.
   *
   * @throws S3BucketMapError `Closed`, at once
   */
  pages(options: ListOptions = {}, operation: Method = "list"): IterableIterator<Page> {
    this.checkOpen(operation);
    return this.#pages(options, operation);
  }

  *#pages(
    { prefix = "", startAfter, limit = Infinity }: ListOptions,
    operation: Method,
  ): Generator<Page, void, undefined> {
    const where = { op: "list" as const, prefix: this.prefix + prefix };
    let start: PageStart = startAfter === undefined ? {} : { startAfter: this.prefix + startAfter };
    for (let left = limit; left > 0;) {
      const page = this.call({ ...where, ...start, limit: Math.min(left, PAGE) }, operation);
      // A service may give more than it was asked for.
      if (page.keys.length > left) {
        yield { keys: page.keys.slice(0, left), sizes: page.sizes.subarray(0, left) };
        return;
      }
      left -= page.keys.length;
      yield page;
      if (page.next === undefined) return;
      start = page.next;
    }
  }
}

// Loaded with the first batch.
let pipelines: typeof import("./write-pipeline.js") | undefined;

// Loaded with the first listing whose keys are read.
let prefetch: typeof import("./prefetch.js") | undefined;

function loadPrefetch(): typeof import("./prefetch.js") {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  return (prefetch ??= require("./prefetch.js") as typeof import("./prefetch.js"));
}

// Not before it is needed: a script that makes a map and does not use it should not wait for it.
function loadBridge(): Bridge {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  const { sharedBridge } = require("../bridge/bridge.js") as typeof import("../bridge/bridge.js");
  return sharedBridge();
}
