import { leadsToFacade, mapOfFacade } from "../copies/facades.js";
import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { isOfAnotherVersion } from "../copies/versions.js";
import { internals } from "../map/internals.js";
import type { HasInternals } from "../map/internals.js";

/**
 * Runs a function whose assignments and deletions on this bucket (or map) do not wait for S3 one by one, and returns
 * what it returned when all of them are durable. They cost what they cost outside: 1 PUT or 1 DELETE each,
 * `concurrency` of them under way at a time, and at most 64 MiB of values.
 *
 * Reads inside see what was written before them, and so do listings, which wait for it. Writes to one key keep their
 * order. What is pipelined are the keys of this map, written through it, its facade or sub-maps of the same; methods
 * that answer something of their own (`setMany`, `clear`, …) wait as they always do. Each write has the deadline of a
 * call. A batch within a batch ends when its own writes are durable.
 *
 * @param fn - must be synchronous
 * @throws PartialFailureError where some writes failed: `failed` names their keys with the errors, `succeeded` the
 * others. Where all must fail, because there is no such bucket for instance, that error itself. What `fn` throws comes
 * out when everything sent has ended; where writes failed, too, an AggregateError has both, `fn`'s first. A TypeError
 * where `fn` returns a promise, when what it wrote until then has ended
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

function mapOf(given: unknown): object | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  return mapOfFacade(given) ?? (leadsToFacade(given) ? undefined : given);
}
