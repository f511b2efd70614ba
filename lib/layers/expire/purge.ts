import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";

/**
 * Deletes all expired values in a map of `expire`, or in layers over one. It costs 1 LIST for each 1000 keys, and 1
 * DELETE with If-Match for each expired key, `concurrency` at a time. A value that was written again in the meantime
 * is kept, unless its bytes are the same: then its ETag is the same, too, and S3 cannot notice.
 *
 * @returns how many keys were deleted
 * @throws TypeError for a map without `expire`
 * @throws S3BucketMapError `ConditionsUnsupported` if the service ignores conditions of a DELETE, as many do. Then
 * nothing was deleted. PartialFailureError if some keys could not be deleted
 * @example
 * purge(sessions);
 */
export function purge(map: LayerBase<unknown>): number {
  const deleted = internalsOf(checkBase("purge", map)).purge?.();
  if (deleted !== undefined) return deleted;
  throw argumentError("purge requires a map of expire, or a layer over one, as in purge(expire(map, ms)).");
}
