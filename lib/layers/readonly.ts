import { argumentError } from "../errors/argument-error.js";
import { valueKind, storedReads, backgroundWrites } from "../map/internals.js";
import type { ValueKind, StoredReads, BackgroundWrites } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";
import { checkBase, valueKindOf } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { Layer } from "./foundation/layer.js";
import { readsOf } from "./foundation/reads.js";

/**
 * A map that reads what its base has, and refuses every write with a TypeError before anything is sent. The
 * requests are those of the base.
 *
 * It guards against mistakes in a program that is given the map; who must not write at all is given
 * credentials that do not allow it.
 *
 * @throws TypeError for what is not a map
 * @example
 * const settings = asObject(readonly(json(new S3BucketMap("my-bucket", { prefix: "settings/" }))));
 * settings.theme = "dark"; // TypeError: This map is read-only: …
 */
export function readonly<V>(map: LayerBase<V>): SyncMap<V> {
  const base = checkBase("readonly", map);
  return new ReadonlyLayer(base);
}

class ReadonlyLayer<V> extends Layer<V> {
  protected readonly shown = ["readonly"] as const;

  get [valueKind](): ValueKind {
    return valueKindOf(this.base);
  }

  get [storedReads](): StoredReads<V> {
    const reads = readsOf(this.base);
    return {
      get: (key, needs) => reads.get(key, needs),
      getIfChanged: (key, etag, needs) => reads.getIfChanged(key, etag, needs),
      getMany: (keys, needs) => reads.getMany(keys, needs),
      entries: (options, needs) => reads.entries(options, needs),
      update: () => refuse("update"),
    };
  }

  get [backgroundWrites](): BackgroundWrites<V> {
    const refused = (): never => refuse("set");
    return { prepare: refused, prepareDeletion: () => refuse("delete"), send: refused };
  }

  set(): never {
    return refuse("set");
  }

  override delete(): never {
    return refuse("delete");
  }

  override clear(): never {
    return refuse("clear");
  }

  setMany(): never {
    return refuse("setMany");
  }

  override deleteMany(): never {
    return refuse("deleteMany");
  }

  create(): never {
    return refuse("create");
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
