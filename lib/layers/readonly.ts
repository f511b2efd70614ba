import { argumentError } from "../errors/errors.js";
import { internals } from "../map/internals.js";
import type { Internals } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { Layer } from "./foundation/layer.js";

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
export function readonly<V>(map: LayerBase<V>): SyncMap<V> {
  return new ReadonlyLayer(checkBase("readonly", map));
}

class ReadonlyLayer<V> extends Layer<V> {
  /** @internal */
  readonly [internals]: Internals<V> = {
    ...this.below,
    update: () => refuse("update"),
    url: (key, options) => {
      if (options?.method === "PUT") refuse("url for PUT");
      return this.below.url(key, options);
    },
    prepare: () => refuse("set"),
    prepareDeletion: () => refuse("delete"),
  };

  constructor(base: SyncMap<V>) {
    super(base, "readonly");
  }

  set(): never {
    return refuse("set");
  }

  setMany(): never {
    return refuse("setMany");
  }

  create(): never {
    return refuse("create");
  }

  override delete(): never {
    return refuse("delete");
  }

  override deleteMany(): never {
    return refuse("deleteMany");
  }

  override clear(): never {
    return refuse("clear");
  }

  override update(): never {
    return refuse("update");
  }

  subMap(prefix: string): SyncMap<V> {
    return new ReadonlyLayer(this.base.subMap(prefix));
  }
}

function refuse(method: string): never {
  throw argumentError(
    `This map is read-only: ${method} is refused. Write through the map that readonly was given.`,
  );
}
