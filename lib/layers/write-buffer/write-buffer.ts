import { internalsOf } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";
import { checkIsObject, checkNames, checkWhole } from "../../arguments/checks.js";
import { argumentError } from "../../errors/errors.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { PendingWrites } from "./pending-writes.js";
import { WriteBufferLayer } from "./write-buffer-layer.js";

/** Options of {@link writeBuffer}. */
export interface WriteBufferOptions {
  /** At most this many writes wait to be durable. Default: 1000. */
  max?: number;
  /** At most about this many bytes of values. Default: 64 MiB. */
  maxBytes?: number;
}

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

/**
 * A map whose `set`, `delete`, `setMany` and `deleteMany` return at once: they are sent in the background, several at
 * a time, and of a key that is written again before it was sent only the last value. `flush()` blocks until all is durable.
 *
 * The program reads what it has written: `get`, `has` and `getMany` from the buffer, without a request, where the key
 * is in it. Whatever asks S3 for more than that waits for all writes first: listings, `size`, `head`, `create`, `update`, `clear`, `set` with `ifMatch`.
 *
 * What can be lost: a value is durable when `flush` has returned (or one of the calls that wait), and not before. When the program ends, by
 * itself, by `process.exit` or by an error that nobody catches, what is in the buffer is still written; if some of that
 * fails, it is printed, and the exit code is 1. Killed by a signal (SIGKILL, and SIGINT or SIGTERM that it does not handle), by an
 * exhausted memory, or by a power cut, it loses what is in the buffer. In an exit handler a write is durable when it returns. Others
 * see a write when it is durable.
 *
 * A write that fails in the background is thrown as a PartialFailureError by the next call that waits. Until then the program reads
 * its own value, and thereafter what is stored. `flush`, `close`, the end of a batch and a write that finds the buffer full throw all
 * that failed since the last of these, even if another call has thrown it before.
 *
 * Writes go out as they are made; those made while others are under way go together when these are done, which is found out at the next use of
 * the map and at each turn of the event loop.
 *
 * @throws TypeError for a wrong option, and for a map that cannot write without waiting
 * @example
 * const map = writeBuffer(new S3BucketMap("my-bucket"));
 * for (const [key, value] of many) map.set(key, value);
 * map.flush();
 */
export function writeBuffer<V>(map: LayerBase<V>, options: WriteBufferOptions = {}): WriteBuffer<V> {
  const base = checkBase("writeBuffer", map);
  if (internalsOf(base).place === undefined) {
    throw argumentError(
      "writeBuffer needs a map that can write without waiting: S3BucketMap, or a layer over one.",
    );
  }
  checkIsObject(options, "writeBuffer");
  checkNames(options, ["max", "maxBytes"], "writeBuffer");
  const { max = 1000, maxBytes = 64 * 1024 * 1024 } = options;
  checkWhole(max, "max of writeBuffer", 1);
  checkWhole(maxBytes, "maxBytes of writeBuffer", 1);
  return new WriteBufferLayer(base, new PendingWrites({ max, maxBytes }), options);
}
