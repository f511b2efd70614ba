import { checkWhole } from "../../arguments/checks.js";
import { kindOf } from "../../arguments/kinds.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { ExpireLayer } from "./expire-layer.js";

/**
 * A map in which a value older than `ms` milliseconds counts as missing, for all methods that read or list. It remains
 * stored, and S3 charges for it, until `purge` deletes it.
 *
 * A value's age is the time since it was last written, by the service's clock: the Date of the service's responses
 * minus the value's Last-Modified. Both are whole seconds. A value begins to count as missing up to 2 seconds late,
 * and never early.
 *
 * The requests are those of the base, even for expired values. Only `create` costs more: 1 HEAD if the key exists, and
 * also 1 PUT with If-Match if the value has expired. `update` of an expired key replaces the object by If-Match, and
 * keeps none of its headers. Both throw `ConditionsUnsupported` if the service does not honour conditional writes.
 * `set` with `ifMatch` ignores the age. `has` sends the same request as `head`. `list` returns a folder even if all
 * keys in it have expired.
 *
 * @param ms - a whole number of milliseconds, 1 or more
 * @throws TypeError for a map without an S3BucketMap at the bottom
 * @throws S3BucketMapError `BadAnswer` if a response of the service lacks one of the times
 * @example
 * const sessions = json(expire(new S3BucketMap("my-bucket", { prefix: "sessions/" }), 3_600_000));
 * sessions.set("ann", { since: "…" });
 * sessions.get("ann"); // undefined an hour later
 * purge(sessions); // deletes what has expired
 */
export function expire<V>(map: LayerBase<V>, ms: number): SyncMap<V> {
  const base = checkBase("expire", map);
  if (internalsOf(base).place === undefined) {
    throw argumentError(
      "expire needs a map that reports when a value was stored: S3BucketMap, or a layer over one.",
    );
  }
  if (typeof ms !== "number") {
    throw argumentError(
      `expire requires a number of milliseconds, as in expire(map, 60_000), not ${kindOf(ms)}.`,
    );
  }
  checkWhole(ms, "ms of expire", 1);
  return new ExpireLayer(base, ms);
}
