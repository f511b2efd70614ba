import { clock } from "../global/clock.js";
import type { Call, Method } from "../bridge/operations.js";
import { MISSING } from "../bridge/protocol.js";
import type { Failure, ObjectHeaders, StoreResult, Verdict, Version } from "../bridge/protocol.js";
import { markUnsure, S3BucketMapError } from "../errors/errors.js";
import { isSame, OwnEtags } from "../errors/own-etags.js";
import { startAtCaller } from "../errors/stack.js";
import type { BucketCalls } from "./bucket-calls.js";
import type { Resumed, Stored } from "../map/internals.js";
import { checkValue, MAX_CONDITIONAL_BYTES, toBody } from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";

/** How many times `update` tries. */
const MAX_TURNS = 100;

/** The longest and the first pause before another attempt, in milliseconds. */
const MAX_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 10;

type ChangeFunction = (stored: Stored<string | Buffer> | undefined) => string | Bytes | undefined;

/** Stores a value if the key still has this ETag. */
export function storeIfMatch(
  calls: BucketCalls,
  key: string,
  value: string | Bytes,
  headers: ObjectHeaders,
  etag: string,
): void {
  const { verdict } = write(calls, storing(calls, key, value, headers, { etag }), "set");
  if (verdict !== "done") throw calls.error(refusals[verdict], "set", key);
}

/** Stores a value if the key is missing. */
export function create(
  calls: BucketCalls,
  key: string,
  value: string | Bytes,
  headers: ObjectHeaders,
): boolean {
  const { verdict } = write(calls, storing(calls, key, value, headers, MISSING), "create");
  if (verdict === "conflict") throw calls.error(refusals.conflict, "create", key);
  return verdict === "done";
}

function storing(
  { prefix }: BucketCalls,
  key: string,
  value: string | Bytes,
  headers: ObjectHeaders,
  base: Version,
): Call<"store"> {
  return { op: "store", key, body: toBody(value, key, MAX_CONDITIONAL_BYTES), headers, base, prefix };
}

function write(
  calls: BucketCalls,
  call: Call<"store" | "remove">,
  method: Method,
  timeoutMs?: number,
): StoreResult {
  calls.tell(call.key, "unsure");
  const outcome = calls.call(call, method, timeoutMs);
  if (outcome.verdict === "done") calls.wrote(call.key, call.op === "store" ? "set" : "deleted");
  return outcome;
}

/** The error for a rejected write. */
export const refusals: Record<Exclude<Verdict, "done">, Failure> = {
  changed: {
    code: "PreconditionFailed",
    reason: "the service says that the key does not have the ETag in ifMatch",
    statusCode: 412,
  },
  exists: { code: "PreconditionFailed", reason: "the key already exists", statusCode: 412 },
  missing: {
    code: "PreconditionFailed",
    reason: "the key does not exist, or has been deleted",
    statusCode: 404,
  },
  conflict: {
    code: "TooMuchContention",
    reason: "the service says that other writers are changing it at the same time; nothing was written",
    statusCode: 409,
  },
};

/** Changes a value by compare-and-swap. */
export function update(
  calls: BucketCalls,
  key: string,
  fn: ChangeFunction,
  headersOf: (stored: Stored<string | Buffer> | undefined, isText: boolean) => ObjectHeaders,
  resumed?: Resumed<string | Buffer>,
  isMissing: (lastModified: number | undefined) => boolean = () => false,
): string | Bytes | undefined {
  const { prefix, shared } = calls;
  const deadline = clock().now() + shared.settings.timeoutMs;
  // What was to be deleted, if a proxy may have sent the DELETE twice: then the first one may have deleted it.
  let rejected: Version | undefined;
  const saying = <Done>(run: () => Done): Done => {
    try {
      return run();
    } catch (error) {
      throw rejected !== undefined && error instanceof S3BucketMapError ? maybeDeleted(error) : error;
    }
  };
  const nothing = (): string => (rejected === undefined ? "nothing was written" : "no value was written");
  const left = (): number => {
    const ms = Math.floor(deadline - clock().now());
    if (ms > 0) return ms;
    const reason = `including the time that its function took; ${nothing()}`;
    throw calls.error({ code: "TimedOut", reason }, "update", key);
  };
  const etags = new OwnEtags();
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const delayMs = turn === 0 ? 0 : Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** turn);
    let stored = turn === 0 && resumed?.from.state !== undefined ? resumed.from : undefined;
    // Going on from an earlier read counts as reading the key.
    if (stored !== undefined) calls.checkRead(key);
    let base = stored?.state?.version ?? MISSING;
    if (stored === undefined) {
      const call = { op: "read", key, maxBytes: calls.maxBytes, delayMs } as const;
      const reading = saying(() => calls.call(call, "update", left()));
      if (isSame(reading?.version, rejected)) rejected = undefined;
      etags.given(reading?.version);
      if (etags.areRefused) throw calls.error(etags.failure, "update", key);
      base = reading?.version ?? MISSING;
      if (reading !== undefined && !isMissing(reading.lastModified))
        stored = saying(() => calls.stored(reading, key, "update"));
    }
    const changed = fn(stored);
    if (changed === undefined && stored === undefined) return undefined;
    if (changed !== undefined) checkValue(changed, key, MAX_CONDITIONAL_BYTES);
    const headersFor = (value: string | Bytes): ObjectHeaders => ({
      ...stored?.state?.kept,
      ...headersOf(stored, typeof value === "string"),
    });
    const call: Call<"store" | "remove"> =
      changed === undefined
        ? { op: "remove", key, base, prefix }
        : { op: "store", key, body: toBody(changed, key), headers: headersFor(changed), base, prefix };
    const { verdict, version, isUnsure } = saying(() => write(calls, call, "update", left()));
    if (verdict === "done") {
      if (call.op === "store") {
        // The layers set the Content-Encoding of the new value themselves.
        const { contentEncoding: _, ...kept } = call.headers;
        resumed?.stored(version && { version, kept });
      }
      return changed;
    }
    if (isUnsure === true) rejected = base;
    etags.refused(verdict === "conflict" ? undefined : base);
  }
  const reason = `each of ${MAX_TURNS} times the service said that it had changed in the meantime; ${nothing()}`;
  return saying(() => {
    throw calls.error({ code: "TooMuchContention", reason }, "update", key);
  });
}

function maybeDeleted(error: S3BucketMapError): S3BucketMapError {
  markUnsure(error);
  error.message +=
    " The deletion may still have happened: the service rejected it, but a proxy may have sent it twice.";
  return startAtCaller(error);
}
