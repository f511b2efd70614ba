import type { Begun, Outcome } from "../bridge/begun.js";
import type { Failure, KeyFailure, ObjectToStore } from "../bridge/protocol.js";
import type { BucketCalls } from "./bucket-calls.js";
import type { S3BucketMapError } from "../errors/errors.js";
import { wholeKey } from "../arguments/keys.js";
import { objectHeaders } from "../arguments/method-options.js";
import type { Prepared, Sending } from "../map/internals.js";
import type { ObjectOptions } from "../map/sync-map.js";
import { toBody } from "../arguments/values.js";

/** Checks a write and copies its value. Nothing is sent. */
export function prepare(
  calls: BucketCalls,
  key: string,
  value: string | Buffer,
  options: ObjectOptions | undefined,
): Prepared<string | Buffer> {
  calls.checkOpen("set");
  const whole = wholeKey(calls.prefix, key);
  const body = toBody(value, whole);
  const headers = objectHeaders(options, typeof value === "string", "setMany");
  const bytes = (): Uint8Array => (typeof body === "string" ? Buffer.from(body) : body.slice());
  const { contentEncoding } = headers;
  // S3 does not have the value yet, so a listing must not answer for the key any more.
  calls.tell(whole, "unsure");
  return {
    key: whole,
    object: { key: whole, body, headers },
    bytes: body.length,
    read() {
      const encoding = contentEncoding === undefined ? {} : { contentEncoding };
      const reading = { body: bytes(), etag: "", kept: {}, version: {}, ...encoding };
      return { ...calls.stored(reading, whole), etag: undefined, lastModified: Infinity };
    },
  };
}

export function prepareDeletion(calls: BucketCalls, key: string): Prepared<never> {
  calls.checkOpen("delete");
  const whole = wholeKey(calls.prefix, key);
  calls.tell(whole, "unsure");
  const read = (): never => {
    throw new Error(`${whole} is to be deleted`);
  };
  return { key: whole, bytes: 0, read };
}

/** Sends writes without waiting for them. */
export function send(calls: BucketCalls, writes: readonly Prepared<unknown>[]): Sending {
  for (const { key } of writes) calls.tell(key, "unsure");
  // Copies of the bodies move to the worker, because the buffer still answers reads from the originals.
  const objects = writes.flatMap(({ object }) => (object === undefined ? [] : [copyOf(object)]));
  const deleted = writes.flatMap(({ key, object }) => (object === undefined ? [key] : []));
  const parts: Part[] = [];
  if (objects.length > 0) {
    const begun = calls.begin({ op: "setMany", objects }, "set");
    parts.push({ operation: "set", keys: objects.map(({ key }) => key), begun });
  }
  if (deleted.length > 0) {
    const begun = calls.begin({ op: "deleteMany", keys: deleted }, "delete");
    parts.push({ operation: "delete", keys: deleted, begun });
  }
  for (const { begun } of parts) if (!("failure" in begun)) calls.bridge.loadWaits(begun);
  return {
    isDone: () => parts.every(({ begun }) => "failure" in begun || calls.bridge.isSettled(begun)),
    finish: () => finish(calls, parts),
  };
}

interface Part {
  readonly operation: "set" | "delete";
  readonly keys: readonly string[];
  readonly begun: Begun<"setMany" | "deleteMany"> | { failure: Failure };
  outcome?: Outcome<"setMany" | "deleteMany">;
}

function finish(calls: BucketCalls, parts: readonly Part[]): Map<string, S3BucketMapError> {
  const failed = new Map<string, S3BucketMapError>();
  for (const part of parts) {
    const { operation, keys, begun } = part;
    const waited =
      part.outcome ??
      ("failure" in begun ? { ok: false as const, failure: begun.failure } : calls.bridge.finish(begun));
    // A callback during a `deasync` wait may already have finished it, and taken its outcome.
    const outcome = (part.outcome ??= waited);
    const failures: KeyFailure[] = outcome.ok
      ? outcome.value
      : keys.map((key) => ({ key, failure: outcome.failure }));
    for (const { key, failure } of failures) failed.set(key, calls.error(failure, operation, key));
    for (const key of keys) {
      if (!failed.has(key)) calls.tell(key, operation === "set" ? "set" : "deleted");
    }
  }
  return failed;
}

function copyOf({ key, body, headers }: ObjectToStore): ObjectToStore {
  return { key, headers, body: typeof body === "string" ? body : body.slice() };
}
