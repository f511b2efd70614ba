import type { SyncMap } from "../../lib/index.js";
import { internals, unchanged } from "../../lib/map/internals.js";
import type { HasInternals } from "../../lib/map/internals.js";

/** What layers are told of a value: its ETag, and by it whether it has changed. */
export function getStored(
  map: SyncMap<string>,
  key: string,
): { etag: string; ask: (etag: string) => string | undefined } {
  const reads = (map as SyncMap<string> & HasInternals<string>)[internals];
  return {
    etag: reads.get(key, "value")!.etag!,
    ask: (etag) => {
      const stored = reads.getIfChanged(key, etag, "value");
      return stored === unchanged ? "unchanged" : stored?.value;
    },
  };
}
