import { mapOf } from "../global/facades.js";
import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { isOfAnotherVersion } from "../global/other-version.js";
import { ownInternals } from "../map/internals.js";

/**
 * Runs a function whose assignments and deletions on this bucket (or map) are pipelined: they do not wait for each
 * other. Returns the function's result once all of them are durable. They cost the same as outside: 1 PUT or 1 DELETE
 * each. At most `concurrency` requests, and 64 MiB of values, are in flight at a time.
 *
 * Reads inside the batch see the writes before them. Listings do, too: they wait for these writes. If such a write has
 * failed, the read or listing throws its error. Writes to one key keep their order. Only writes through this map, its
 * object or its sub-maps are pipelined. Methods such as `setMany` and `clear` wait as always. The deadline of a call
 * applies to each write. A nested batch returns when its own writes are durable.
 *
 * @param fn - must be synchronous
 * @throws PartialFailureError if some writes failed: `failed` contains the error of each key, and `succeeded` the other
 * keys. If no write can succeed, for example because the bucket is missing, the error of the first is thrown instead.
 * An error that `fn` throws is thrown again when all writes have ended. If some writes failed, too, an AggregateError
 * contains both, with the error of `fn` first. A TypeError if `fn` returns a promise; the writes until then are stored
 * @example
 * batch(bucket, () => {
 *   for (const [name, text] of pages) bucket[name] = text;
 * });
 */
export function batch<T>(objectOrMap: object, fn: () => T): T {
  if (typeof fn !== "function")
    throw argumentError(`batch requires a bucket object or a map, and a function, not ${kindOf(fn)}.`);
  const map = mapOf(objectOrMap);
  const inner = ownInternals(map);
  if (inner !== undefined) return inner.runBatch(fn);
  if (map !== undefined && isOfAnotherVersion(map)) {
    throw argumentError(
      "batch requires a map of its own version of s3bucketmap, but this one comes from another installed version.",
    );
  }
  throw argumentError(
    `batch requires a bucket object (from s3Bucket or asObject), an S3BucketMap, or a layer over one, not ${kindOf(objectOrMap)}.`,
  );
}
