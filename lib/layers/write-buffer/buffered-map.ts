import type { SyncMap } from "../../map/sync-map.js";

// Apart from the layer, whose published types lack its internal members: programs see this one.

/** A map whose writes are sent in the background. */
export interface WriteBuffer<V> extends SyncMap<V> {
  /**
   * Blocks until all that was written is durable.
   *
   * @throws PartialFailureError naming what was stored and what was not; the latter is no longer in the buffer
   */
  flush(): void;
  subMap(prefix: string): WriteBuffer<V>;
}
