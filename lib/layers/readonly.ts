import type { FileMap } from "../map/file-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { ReadonlyLayer } from "./foundation/readonly-layer.js";

/**
 * A map that reads what its base has. Every write throws a TypeError before anything is sent. The requests are those of
 * the base.
 *
 * This protects against mistakes only. To prevent a program from writing, give it credentials that do not allow it.
 *
 * @throws TypeError if the argument is not a map
 * @example
 * const settings = asObject(readonly(json(new S3BucketMap("my-bucket", { prefix: "settings/" }))));
 * settings.theme = "dark"; // TypeError: This map is read-only: …
 */
export function readonly<V>(map: LayerBase<V>): FileMap<V> {
  return new ReadonlyLayer(checkBase("readonly", map));
}
