import type { FileMap } from "../map/file-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { ReadonlyLayer } from "./foundation/readonly-layer.js";

/**
 * A map that reads what its base has, and refuses every write with a TypeError before anything is sent. The
 * requests are those of the base.
 *
 * It guards against mistakes in a program that is given the map. A program that must not be able to write needs credentials
 * that do not allow it.
 *
 * @throws TypeError for what is not a map
 * @example
 * const settings = asObject(readonly(json(new S3BucketMap("my-bucket", { prefix: "settings/" }))));
 * settings.theme = "dark"; // TypeError: This map is read-only: …
 */
export function readonly<V>(map: LayerBase<V>): FileMap<V> {
  return new ReadonlyLayer(checkBase("readonly", map));
}
