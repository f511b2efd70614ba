import { clock } from "../copies/clock.js";
import type { Failure, ObjectHeaders, Reading, Verdict, Version } from "../bridge/protocol.js";
import type { BucketCalls } from "./bucket-calls.js";
import type { Stored } from "../map/internals.js";
import { checkValue, MAX_CONDITIONAL_BYTES, toBody } from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";

/** How often `update` begins at most. */
const MAX_TURNS = 100;

/** How often in a row a service may refuse the state that it gives. It may be an old one, which then changes. */
const MAX_REFUSED = 10;

/** The longest pause before another turn, and the first. */
const MAX_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 10;

export type ChangeFunction = (stored: Stored<string | Buffer> | undefined) => string | Bytes | undefined;

/** Stores a value where the key still has an ETag. */
export function storeIfMatch(
  calls: BucketCalls,
  key: string,
  value: string | Bytes,
  headers: ObjectHeaders,
  etag: string,
): void {
  const body = toBody(value, MAX_CONDITIONAL_BYTES);
  calls.tracked("set", key, () => {
    const verdict = calls.call(
      { op: "store", key, body, headers, base: { etag }, prefix: calls.prefix },
      "set",
    );
    if (verdict !== "done") throw calls.error(refusals[verdict], "set", key);
  });
}

const refusals: Record<Exclude<Verdict, "done">, Failure> = {
  changed: {
    code: "PreconditionFailed",
    reason: "the service says that the key does not have the ETag that ifMatch gives",
    statusCode: 412,
  },
  exists: { code: "PreconditionFailed", reason: "there is such a key already", statusCode: 412 },
  missing: { code: "PreconditionFailed", reason: "there is no such key, or no more", statusCode: 404 },
  conflict: {
    code: "TooMuchContention",
    reason: "the service says that others write to it at the same time",
    statusCode: 409,
  },
};

/** Stores a value where the key is missing. */
export function create(
  calls: BucketCalls,
  key: string,
  value: string | Bytes,
  headers: ObjectHeaders,
): boolean {
  const body = toBody(value, MAX_CONDITIONAL_BYTES);
  calls.tell(key, "unsure");
  const base: Version = { writes: [] };
  const verdict = calls.call({ op: "store", key, body, headers, base, prefix: calls.prefix }, "create");
  if (verdict === "conflict") throw calls.error(refusals.conflict, "create", key);
  if (verdict === "done") calls.tell(key, "set");
  return verdict === "done";
}

/** Changes a value by compare-and-swap. */
export function update(
  calls: BucketCalls,
  key: string,
  fn: ChangeFunction,
  headersOf: (stored: Stored<string | Buffer> | undefined, isText: boolean) => ObjectHeaders,
): string | Bytes | undefined {
  const { timeoutMs } = calls.shared.settings;
  const deadline = clock().now() + timeoutMs;
  const left = (): number => {
    const ms = Math.floor(deadline - clock().now());
    if (ms > 0) return ms;
    throw calls.error(
      { code: "TimedOut", reason: "with what its function took; nothing was written" },
      "update",
      key,
    );
  };
  let refused: Version | undefined;
  let timesRefused = 0;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const delayMs = turn === 0 ? 0 : Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** turn);
    const reading = calls.call({ op: "read", key, maxBytes: calls.maxBytes, delayMs }, "update", left());
    if (!isSame(reading?.version, refused)) timesRefused = 0;
    if (timesRefused === MAX_REFUSED) throw calls.error(refusesItsOwn(reading!), "update", key);
    const stored = valueOf(calls, key, reading);
    const next = fn(stored);
    if (next === undefined && reading === undefined) return undefined;
    if (next !== undefined) checkValue(next, MAX_CONDITIONAL_BYTES);
    const base: Version = reading?.version ?? { writes: [] };
    const write = next === undefined ? "deleted" : "set";
    calls.tell(key, "unsure");
    const verdict =
      next === undefined
        ? calls.call({ op: "remove", key, base, prefix: calls.prefix }, "update", left())
        : calls.call(
            {
              op: "store",
              key,
              body: toBody(next),
              headers: { ...reading?.kept, ...headersOf(stored, typeof next === "string") },
              base,
              prefix: calls.prefix,
            },
            "update",
            left(),
          );
    if (verdict === "done") {
      calls.tell(key, write);
      return next;
    }
    refused = verdict === "conflict" ? undefined : base;
    timesRefused += 1;
  }
  const reason = `each of ${MAX_TURNS} times the service said that it had changed meanwhile`;
  throw calls.error({ code: "TooMuchContention", reason }, "update", key);
}

/** Whether an object is there, with the ETag and the newest write that it had. */
function isSame(now: Version | undefined, before: Version | undefined): boolean {
  return now?.etag !== undefined && now.etag === before?.etag && now.writes?.[0] === before.writes?.[0];
}

function refusesItsOwn({ etag }: Reading): Failure {
  const times = `${MAX_REFUSED} times in a row the service gave the ETag ${etag}, and then refused it`;
  return {
    code: "ConditionsUnsupported",
    reason: `${times}: it does not accept its own ETags, or a cache before it gives old ones`,
  };
}

function valueOf(
  calls: BucketCalls,
  key: string,
  reading: Reading | undefined,
): Stored<string | Buffer> | undefined {
  if (reading === undefined) return undefined;
  const stored = calls.decode(reading);
  if ("failure" in stored) throw calls.error(stored.failure, "update", key);
  return { ...stored, contentType: reading.kept?.contentType };
}
