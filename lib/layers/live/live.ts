import type { SyncMap } from "../../map/sync-map.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { LiveLayer } from "./live-layer.js";

/**
 * A map over `json` or `structured` whose values can be changed in place. It is the outermost layer.
 *
 * Reading a key costs 1 GET and returns a document: the value as it was at that moment. Reading inside a document
 * costs no request. An edit sets or deletes a field, or calls a method that changes an array, a Map, a Set or a Date.
 * Each edit is stored when its statement ends, by 1 PUT with If-Match. If another writer got there first, the value is
 * read again, and the same edit is made on the new value if it still means the same. Each time costs 1 GET and 1 PUT
 * more. So if two programs set different fields, both changes are kept. If two programs push, both elements are kept.
 * `batch(users, fn)` stores all edits of a key by one PUT.
 *
 * An edit that would no longer mean the same throws `DocumentChanged`, and nothing is written. This applies to a field
 * that this document has read and another writer has changed since, as in `user.visits += 1`. (For counters, use
 * `edit`.) It also applies to array elements, `splice`, `sort`, `reverse`, `fill`, `copyWithin` and `length`, if the
 * array has changed.
 *
 * @throws TypeError for a base without json or structured
 * @throws S3BucketMapError `DocumentChanged` as above, and whatever `update` throws. If the error says that the write
 * may have happened, the document accepts no more edits: read the value again
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
    "live needs json or structured below it, as in live(json(map)). Layers between them must not change the values.",
  );
}
