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
  /** How many writes may be pending. Default: 1000. */
  max?: number | undefined;
  /** Roughly how many bytes of values may be pending. Default: 64 MiB. */
  maxBytes?: number | undefined;
}

/** A map whose writes are sent in the background. */
export interface WriteBuffer<V> extends FileMap<V> {
  /**
   * Blocks until all writes are durable.
   *
   * @throws PartialFailureError that names the writes that succeeded and those that failed, which are no longer in the buffer
   */
  flush(): void;
  subMap(prefix: string): WriteBuffer<V>;
}

/**
 * Makes `set`, `delete`, `setMany` and `deleteMany` return at once. The writes are sent in the background, several at
 * a time; if a key is written again before it was sent, only the last value is. `flush()` blocks until all are durable.
 *
 * The program reads its own writes: `get`, `has` and `getMany` answer from the buffer, without a request, for the keys in it.
 * Everything else first waits for all writes: listings, `size`, `head`, `create`, `update`, `clear`, `putFile`, `getFile` of a key
 * in the buffer, and `set` with `ifMatch`.
 *
 * What can be lost: a write is only durable, and visible to others, once `flush` or another call that waits has returned. When
 * the program ends by itself, by `process.exit` or by an uncaught error, the buffer is still written; failures
 * are printed, and the exit code is 1. If it is killed by a signal (SIGKILL, or a SIGINT or SIGTERM that it does not handle), runs out
 * of memory, or loses power, the buffer is lost. In an exit handler, a write is durable when it returns.
 *
 * The next call that waits throws the failures as a PartialFailureError. Until then the program reads its own
 * value, and afterwards what is stored. `flush`, `close`, the end of a batch, and a write that finds the buffer full throw all
 * failures since the last of these, even those that another call has thrown.
 *
 * A write goes out at once if none is in flight. Otherwise it goes out, together with others, when those in flight are done: that
 * is noticed at the next use of the map or turn of the event loop.
 *
 * @throws TypeError for a wrong option, and for a map without an S3BucketMap at the bottom
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
