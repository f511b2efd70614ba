import { internalsOf } from "../../map/internals.js";
import type { FileMap } from "../../map/file-map.js";
import { checkOptions, checkWhole } from "../../arguments/checks.js";
import { argumentError } from "../../errors/errors.js";
import { checkBase } from "../foundation/base.js";
import type { LayerBase } from "../foundation/base.js";
import { PendingWrites } from "./pending-writes.js";
import { WriteBufferLayer } from "./write-buffer-layer.js";

/** Options of {@link writeBuffer}. */
export interface WriteBufferOptions {
  /** The maximum number of pending writes. Default: 1000. */
  max?: number | undefined;
  /** The approximate maximum size of all pending values, in bytes. Default: 64 MiB. */
  maxBytes?: number | undefined;
}

/** A map whose writes are sent in the background. */
export interface WriteBuffer<V> extends FileMap<V> {
  /**
   * Blocks until all writes are durable.
   *
   * @throws PartialFailureError that names the writes that succeeded and those that failed. The writes that failed are
   * no longer in the buffer
   * @throws S3BucketMapError `Closed` if the map was closed
   */
  flush(): void;
  subMap(prefix: string): WriteBuffer<V>;
}

/**
 * Makes `set`, `delete`, `setMany` and `deleteMany` return at once. The writes are sent in the background, many at a
 * time. If a key is written again before its first value was sent, only the last value is sent. `flush()` blocks until
 * all writes are durable.
 *
 * The program reads its own writes: `get`, `has` and `getMany` read the keys in the buffer from there, without a
 * request. All other calls first wait for all writes: listings, `size`, `head`, `create`, `update`, `clear`,
 * `putFile`, `getFile` of a key in the buffer, and `set` with `ifMatch`.
 *
 * A write is only durable, and visible to others, when `flush` or another call that waits has returned. Until then it
 * may be lost. If the program ends by itself, by `process.exit` or by an uncaught error, the buffer is still written.
 * Failures are then printed, and the exit code is 1. If a signal kills the program (SIGKILL, or a SIGINT or SIGTERM
 * that it does not handle), or if memory runs out or the power fails, the buffer is lost. In an exit handler, a write
 * is durable when its call returns.
 *
 * If writes fail, the next call that waits throws a PartialFailureError. A write that finds the buffer full waits, too.
 * Until then, the program reads its own values. From then on, it reads what is stored. `flush`, `close` and the end of a
 * batch throw all failures since the last of these three, even those that another call has already thrown.
 *
 * A write is sent at once if none is in flight. Otherwise it is sent, together with others, when the writes in flight
 * are done. The map notices that at its next use, or at the next turn of the event loop.
 *
 * @throws TypeError for an invalid option, and for a map without an S3BucketMap at the bottom
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
  checkOptions(options, ["max", "maxBytes"], "writeBuffer");
  const { max = 1000, maxBytes = 64 * 1024 * 1024 } = options;
  checkWhole(max, "max of writeBuffer", 1);
  checkWhole(maxBytes, "maxBytes of writeBuffer", 1);
  return new WriteBufferLayer(base, new PendingWrites({ max, maxBytes }), options);
}
