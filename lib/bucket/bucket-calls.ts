import { performance } from "node:perf_hooks";
import { types } from "node:util";
import type { Begun } from "../bridge/begun.js";
import type { Bridge } from "../bridge/bridge.js";
import type { Call, Method, Op, Result } from "../bridge/operations.js";
import { MULTIPART_ABOVE } from "../bridge/protocol.js";
import type { Environment, Failure, ObjectHeaders, Reading } from "../bridge/protocol.js";
import { firstEnvironment } from "../arguments/environment.js";
import { toError } from "../errors/revive.js";
import type { S3BucketMapError } from "../errors/errors.js";
import { logWrite, newNumber } from "../global/history.js";
import type { Write } from "../global/history.js";
import type { Place, Stored } from "../map/internals.js";
import type { ExpectedReads, PrefetchRun } from "./prefetch-run.js";
import {
  checkValue,
  MAX_STRING_BYTES,
  MAX_VALUE_BYTES,
  toBody,
  toBuffer,
  toText,
  toView,
} from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";
import type { ReadAs } from "../arguments/options.js";
import type { Shared } from "./shared.js";

/** The method that returns a map's {@link BucketCalls}. */
export const callsOf: unique symbol = Symbol("callsOf");

/**
 * The calls of one map. They receive full keys, return raw bodies, and throw errors that name the attempted operation.
 */
export class BucketCalls {
  readonly shared: Shared;
  readonly prefix: string;
  /** What this map's reads return. Other maps with the same settings may differ. */
  readonly readAs: ReadAs;
  closed = false;
  /** The sizes of the values in the last whole listing, one array for each page, until they are used. */
  listedSizes: Float64Array[] | undefined;

  constructor(shared: Shared, prefix: string, readAs: ReadAs = shared.settings.readAs) {
    this.shared = shared;
    this.prefix = prefix;
    this.readAs = readAs;
  }

  get bucket(): string {
    return this.shared.settings.client.bucket;
  }

  /** For `console.log`. */
  get shown(): string {
    const { memory, client } = this.shared.settings;
    const { local, endpoint } = client;
    const at = endpoint === undefined ? "" : ` at ${endpoint}`;
    const where = local === undefined ? at : ` in the local S3 at ${memory ?? local}`;
    return `s3://${this.bucket}/${this.prefix}${where}${this.closed ? ", closed" : ""}`;
  }

  get bridge(): Bridge {
    return (this.shared.bridge ??= loadBridge());
  }

  get environment(): Environment {
    return firstEnvironment(this.shared);
  }

  get place(): Place {
    return { bucket: this.bucket, map: this.#number, prefix: this.prefix };
  }

  get #number(): number {
    return (this.shared.number ??= newNumber());
  }

  /** The size of the largest body that can be read as a value, in bytes. */
  get maxBytes(): number {
    return this.readAs === "string" ? MAX_STRING_BYTES : MAX_VALUE_BYTES;
  }

  /**
   * @param timeoutMs - what is left of a deadline that several calls share
   * @param lent - the call's body, of which the message contains only the length
   */
  call<One extends Op>(
    call: Call<One>,
    method: Method = call.op,
    timeoutMs?: number,
    lent?: Uint8Array,
  ): Result<One> {
    this.checkOpen(method);
    pipelines?.checkWritesBefore(this.shared, call);
    const outcome = this.bridge.call(this.shared, call, timeoutMs, lent);
    if (outcome.ok) {
      const { value, serviceTime } = outcome;
      if (serviceTime !== undefined) this.shared.serviceClock = { serviceTime, at: performance.now() };
      return value;
    }
    throw this.error(outcome.failure, method, "key" in call ? call.key : undefined);
  }

  /** Sends a call without waiting for it. */
  begin<One extends Op>(call: Call<One>, method: Method): Begun<One> | { failure: Failure } {
    this.checkOpen(method);
    return this.bridge.begin(this.shared, call);
  }

  /** Reads a value, which may have been prefetched. */
  read(key: string): Reading | undefined {
    this.checkRead(key);
    const run = prefetch?.runAt(this.shared, key);
    const reading = run === undefined ? this.readNow(key) : run.read(this);
    if (reading === undefined) this.tell(key, "unsure");
    return reading;
  }

  readNow(key: string): Reading | undefined {
    // Only a read with an ETag can be answered with "unchanged".
    return this.call({ op: "get", key, maxBytes: this.maxBytes }) as Reading | undefined;
  }

  /** Notes listed keys that are likely to be read next, in this order. */
  expectReads(reads: ExpectedReads): void {
    if (this.#readsAhead) loadPrefetch().expectReads(this.shared, reads);
  }

  /** A run of reads for one iterator, or undefined if the map does not read ahead. */
  beginRun(): PrefetchRun | undefined {
    return this.#readsAhead ? loadPrefetch().beginAlone(this.shared) : undefined;
  }

  get #readsAhead(): boolean {
    const { readAhead, client } = this.shared.settings;
    return readAhead && client.concurrency > 1;
  }

  /** Stores a value. In a batch it does not wait. */
  set(key: string, value: string | Bytes, headers: ObjectHeaders): void {
    checkValue(value, key);
    const lent = this.#lendable(key, value);
    const body = lent === undefined ? toBody(value, key) : { length: lent.length };
    this.write({ op: "set", key, body, headers }, lent);
  }

  /** Writes one key. In a batch it does not wait. */
  write(call: Call<"set" | "delete">, lent?: Uint8Array): void {
    this.checkOpen(call.op);
    this.tell(call.key, "unsure");
    const batch = pipelines?.pipelineFor(this.shared, call.key);
    if (batch !== undefined) {
      batch.write(call);
      return;
    }
    this.call(call, call.op, undefined, lent);
    this.wrote(call.key, call.op === "set" ? "set" : "deleted");
  }

  /**
   * The bytes of a large value that need not be copied as a whole. This thread waits until they are stored, so no other
   * code can change them.
   */
  #lendable(key: string, value: string | Bytes): Uint8Array | undefined {
    if (typeof value === "string" || value.byteLength <= MULTIPART_ABOVE) return undefined;
    if (this.shared.settings.wait !== "atomics") return undefined;
    if (pipelines?.pipelineFor(this.shared, key) !== undefined) return undefined;
    const bytes = toView(value);
    return types.isSharedArrayBuffer(bytes.buffer) ? undefined : bytes;
  }

  /** The time of the service's clock, by its last response. */
  get serviceTime(): number | undefined {
    const { serviceClock } = this.shared;
    return serviceClock && serviceClock.serviceTime + performance.now() - serviceClock.at;
  }

  /** Whether a write is stored when its call returns. */
  get writesAreDurable(): boolean {
    return pipelines === undefined || !pipelines.isAnyOpen();
  }

  /** For values that have been prefetched. Each call checks the same. */
  checkRead(key: string): void {
    this.checkOpen("get");
    pipelines?.checkWritesBefore(this.shared, { op: "has", key });
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

  /** The value of a body, or a failure if the map reads strings and the body is not UTF-8. */
  decode({
    body,
    etag,
    contentEncoding,
    kept,
    version,
    lastModified,
  }: Reading): Stored<string | Buffer> | { failure: Failure } {
    const value = this.readAs === "string" ? toText(body) : toBuffer(body);
    return value === undefined
      ? { failure: { code: "NotUtf8", reason: "its bytes are not UTF-8" } }
      : {
          value,
          etag,
          contentEncoding,
          contentType: kept.contentType,
          lastModified,
          size: body.length,
          // A value that is read from a write buffer has no version yet.
          state: version.etag === undefined ? undefined : { version, kept },
        };
  }

  /** The same as {@link decode}. @throws the failure instead of returning it */
  stored(reading: Reading, key: string, method: Method = "get"): Stored<string | Buffer> {
    const stored = this.decode(reading);
    if ("failure" in stored) throw this.error(stored.failure, method, key);
    return stored;
  }

  relative(key: string): string {
    return key.slice(this.prefix.length);
  }

  /**
   * Tells the facades' listings what happened to a key. It is "unsure" before each write, because the write may fail,
   * and when the program has learnt that a key is missing.
   */
  tell(key: string, write: Write): void {
    logWrite(this.#number, this.bucket, key, write);
  }

  /** The same for a call that has waited for its write. An earlier failure in an open batch no longer matters. */
  wrote(key: string, write: Exclude<Write, "unsure">): void {
    this.tell(key, write);
    pipelines?.noteWritten(this.shared, key);
  }
}

// These are loaded when they are first needed, so that a program that does not use them need not wait for them.
let pipelines: typeof import("./write-pipeline.js") | undefined;
let prefetch: typeof import("./prefetch.js") | undefined;

export function loadPipelines(): typeof import("./write-pipeline.js") {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  return (pipelines ??= require("./write-pipeline.js") as typeof import("./write-pipeline.js"));
}

function loadPrefetch(): typeof import("./prefetch.js") {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  return (prefetch ??= require("./prefetch.js") as typeof import("./prefetch.js"));
}

function loadBridge(): Bridge {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  const { sharedBridge } = require("../bridge/bridge.js") as typeof import("../bridge/bridge.js");
  return sharedBridge();
}
