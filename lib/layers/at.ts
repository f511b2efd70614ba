import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import type { SyncMap } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";

/**
 * A read-only map of all keys as they were at a moment, from the versions that the bucket keeps. It must be the
 * outermost layer, and needs an S3BucketMap at the bottom.
 *
 * `get`, `has` and `head` cost 1 LIST for each 1000 versions of the key. `get` costs 1 GET more, and `head` 1 HEAD
 * more. Listings cost 1 LIST for each 1000 versions of all keys. `entries` costs 1 GET more for each value.
 *
 * The map shows only what S3 still keeps. Before versioning was turned on, and while it is suspended, S3 keeps only
 * the latest state. Versions that a lifecycle rule or another program has deleted permanently are missing. AWS reports
 * times in whole seconds: everything that was stored in the same second as `date` counts as stored before it. The time
 * of an object that was uploaded in parts is the time at which its upload began.
 *
 * @throws TypeError if an argument is not a map or not a valid date
 * @throws S3BucketMapError `VersioningOff`, from its methods, if the bucket keeps no versions
 * @example
 * const yesterday = asObject(at(map, new Date(Date.now() - 24 * 3600 * 1000)));
 * console.log(yesterday.testKey);
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
 */
export function at<V>(map: LayerBase<V>, date: Date): SyncMap<V> {
  const base = checkBase("at", map);
  const time =
    date instanceof Date || Object.prototype.toString.call(date) === "[object Date]" ? Number(date) : NaN;
  if (Number.isNaN(time)) {
    const given = date instanceof Date ? "an invalid one" : kindOf(date);
    throw argumentError(`at requires a date, such as new Date("2026-01-31T12:00:00Z"), not ${given}.`);
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  const { PastLayer } = require("./past-layer.js") as typeof import("./past-layer.js");
  return new PastLayer(base, time);
}
