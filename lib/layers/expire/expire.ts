import { checkWhole } from "../../arguments/checks.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { ExpireLayer } from "./expire-layer.js";

/**
 * A map in which a value older than `ms` milliseconds is missing, to every method that reads or lists. `purge` deletes
 * such values; until then they are stored, and cost what they cost.
 *
 * A value's age is the time since it was last written, by the service's own clock: its Last-Modified, and the Date of the
 * service's answers. Both are whole seconds. A value is missing once it is certainly older than `ms`, so up to 2 seconds later.
 *
 * The requests are those of the base, also for what has expired, but for `create`: if the key exists, 1 HEAD more, and
 * if it has expired, 1 PUT more, with If-Match. `update` of an expired key replaces the object by If-Match; it keeps
 * nothing of its headers. A service without conditions refuses both (`ConditionsUnsupported`). `set` with `ifMatch`
 * does not look at the age. `has` asks as `head` does. A folder of `list` is there even if all in it has expired.
 *
 * @param ms - 1 or more
 * @throws TypeError for a map without an S3BucketMap at the bottom
 * @throws S3BucketMapError `BadAnswer` if the service does not say the time
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
      "expire needs a map that tells when a value was stored: S3BucketMap, or a layer over one.",
    );
  }
  checkWhole(ms, "ms of expire", 1);
  return new ExpireLayer(base, ms);
}
