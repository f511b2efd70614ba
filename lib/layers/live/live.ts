import type { SyncMap } from "../../map/sync-map.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { LiveLayer } from "./live-layer.js";

/**
 * A map over `json` or `structured` whose values can be changed in place. It is the outermost layer.
 *
 * Reading a key costs 1 GET and gives a document: the value as it was at that moment. Reading inside it costs nothing. Each
 * change of it is stored when its statement ends, by 1 PUT with If-Match: a field that is set or deleted, a method of an array, a Map,
 * a Set or a Date that changes it. If somebody else was quicker, the document is read again and the same change is made on what is
 * there now, where it means the same: 1 GET and 1 PUT more each time. So two programs that set different fields both keep
 * theirs, and two that push both push. `batch(users, fn)` stores all changes of a key by one PUT.
 *
 * A change is refused, and nothing is written, if it would not mean the same: `DocumentChanged`. That applies to a field that
 * this document has read and somebody else has changed since, such as in `user.visits += 1` (`edit` is for counters), and to array
 * elements, `splice`, `sort`, `reverse`, `fill`, `copyWithin` and `length` where that array has changed.
 *
 * @throws TypeError for another base
 * @throws S3BucketMapError `DocumentChanged` as above, and whatever `update` throws. If the error says that the write may have
 * happened, the document takes no more edits: read it again
 * @example
 * const users = asObject(live(json(new S3BucketMap("my-bucket", { prefix: "users/" }))));
 * users.ann.address.city = "Bonn";
 * users.ann.tags.push("new");
 * delete users.ann.phone;
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function live<V>(map: LayerBase<V>): SyncMap<V> {
  const base = checkBase<V>("live", map);
  const { valueKind } = internalsOf(base);
  if (valueKind === "frozen" || valueKind === "objects") return new LiveLayer(base);
  throw argumentError(
    "live needs json or structured beneath it, as in live(json(map)); layers between them must leave values as they are.",
  );
}
