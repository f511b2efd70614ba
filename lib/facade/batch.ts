import { leadsToFacade, mapOfFacade } from "../copies/facades.js";
import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { isOfAnotherVersion } from "../copies/versions.js";
import { internals } from "../map/internals.js";
import type { HasInternals } from "../map/internals.js";

/**
 * Runs a function whose assignments and deletions on this bucket (or map) are pipelined: they do not wait for S3 one by
 * one. Returns the function's result once all are durable. The cost is the same as outside: 1 PUT or 1 DELETE each, with
 * at most `concurrency` of them, and 64 MiB of values, in flight at a time.
 *
 * Reads inside see what was written before them, and so do listings, which wait for it. Writes to one key keep their
 * order. Only writes through this map, its object or its sub-maps are pipelined; methods
 * with a result of their own (`setMany`, `clear`, …) wait as always. Each write has the deadline of a
 * call. A nested batch returns when its own writes are durable.
 *
 * @param fn - must be synchronous
 * @throws PartialFailureError if some writes failed: `failed` has the error of each key, and `succeeded` the
 * other keys. If every write must fail, for instance because there is no such bucket, that error itself. An error of `fn` is
 * thrown when all writes have ended; if some of them failed as well, it is the first in an AggregateError. A TypeError
 * if `fn` returns a promise, when the writes made until then have ended
 * @example
 * batch(bucket, () => {
 *   for (const [name, text] of pages) bucket[name] = text;
 * });
 */
export function batch<T>(objectOrMap: object, fn: () => T): T {
  if (typeof fn !== "function") throw argumentError(`batch takes a function, not ${kindOf(fn)}.`);
  const map = mapOf(objectOrMap);
  const found = (map as Partial<HasInternals<unknown>> | undefined)?.[internals];
  if (found !== undefined) return found.runBatch(fn);
  if (map !== undefined && isOfAnotherVersion(map)) {
    throw argumentError(
      "batch takes a map of its own version of s3bucketmap, and this one comes from another that is installed beside it.",
    );
  }
  throw argumentError(
    `batch takes an object that s3Bucket or asObject made, or an S3BucketMap or a layer over one, not ${kindOf(objectOrMap)}.`,
  );
}

/** The map itself, or the one behind an object. Undefined for what is neither; whether it is a map is not checked. */
export function mapOf(given: unknown): object | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  return mapOfFacade(given) ?? (leadsToFacade(given) ? undefined : given);
}
