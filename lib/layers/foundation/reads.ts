import { mapped } from "../../map/mapped.js";
import { storedReads } from "../../map/internals.js";
import type { HasStoredReads, Stored, StoredReads } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";

/** A map's {@link StoredReads}; of one that has none, and so tells nothing beside its values, one made of its methods. */
export function readsOf<V>(map: SyncMap<V>): StoredReads<V> {
  return (map as Partial<HasStoredReads<V>>)[storedReads] ?? plainReads(map);
}

function plainReads<V>(map: SyncMap<V>): StoredReads<V> {
  const stored = (value: V): Stored<V> => ({ value, etag: undefined, contentEncoding: undefined });
  const get = (key: string): Stored<V> | undefined => {
    const value = map.get(key);
    return value === undefined ? undefined : stored(value);
  };
  return {
    get,
    getIfChanged: get,
    getMany: (keys) => new Map([...map.getMany(keys)].map(([key, value]) => [key, stored(value)])),
    entries: (options) => mapped(map.entries(options), ([key, value]) => [key, stored(value)]),
    // What such a map keeps is its own affair.
    update: (key, change, optionsFor) =>
      map.update(
        key,
        (value) => change(value === undefined ? undefined : stored(value)),
        optionsFor(undefined),
      ),
  };
}
