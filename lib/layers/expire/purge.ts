import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";

/**
 * Deletes what has expired in a map of `expire`, or in layers over one. 1 LIST a thousand keys, and 1 DELETE with
 * If-Match for each key that has expired, `concurrency` at a time. A value that was written anew meanwhile stays,
 * unless it has the same bytes: then it has the same ETag, and S3 cannot tell.
 *
 * @returns how many keys were deleted
 * @throws TypeError for a map without `expire`
 * @throws S3BucketMapError `ConditionsUnsupported` if the service ignores conditions of a DELETE, as many do: nothing
 * was deleted. PartialFailureError if some could not be deleted
 * @example
 * purge(sessions);
 */
export function purge(map: LayerBase<unknown>): number {
  const deleted = internalsOf(checkBase("purge", map)).purge?.();
  if (deleted !== undefined) return deleted;
  throw argumentError("purge takes a map of expire, or a layer over one: purge(expire(map, ms)).");
}
