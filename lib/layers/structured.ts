import { deserialize, serialize } from "node:v8";
import type { SyncMap } from "../map/sync-map.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { guarded } from "./data/guarded.js";
import { serializable } from "./data/structured-data.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/** What every value begins with: a name, and the version of what follows, which is V8's serialization of the value. */
const HEADER: Buffer = Buffer.from("S3BMs\u0001", "latin1");

/**
 * A map of JavaScript values over a map of bytes, as structured clone keeps them: what JSON has, and
 * `undefined`, NaN, -0, BigInt, Date, RegExp, Map, Set, ArrayBuffer, typed arrays and Buffers, the language's own errors,
 * cycles, holes. The requests are those of the base.
 *
 * What would not come back as it is is a TypeError that says where in the value it is, and nothing is stored:
 * functions, symbols, Proxies, objects of a class of the program's own, getters, hidden properties.
 *
 * What was read is the program's own, and cannot be changed by mistake: a change could not reach S3. Objects, arrays, Maps, Sets
 * and Dates throw a TypeError that says what to do instead. Typed arrays, Buffers and ArrayBuffers are copies, each with memory
 * of its own. All of it can be stored again.
 *
 * The format is that of `v8.serialize`, after a header with a version: later versions of Node read it, an earlier one
 * may not, and other languages do not. For those use json.
 *
 * @throws TypeError for a base that does not give bytes
 * @throws S3BucketMapError `NotStructured` where what is read is not what this layer stores
 * @example
 * const events = structured<Event>(new S3BucketMap("my-bucket", { readAs: "bytes" }));
 * events.set("first", { at: new Date(), seen: new Set(["ann"]), count: 3n });
 * @see https://nodejs.org/api/v8.html#serialization-api
 */
export function structured<T = unknown>(map: LayerBase<Buffer>): SyncMap<NoInfer<T>> {
  // Only the program knows which type its values have.
  return new TransformLayer(checkBytesBase("structured", map), structuredCodec as Codec<T, Buffer>);
}

const structuredCodec: Codec<unknown, Buffer> = {
  name: "structured",
  valueKind: "objects",
  encode: (value) => Buffer.concat([HEADER, serialize(serializable(value))]),
  decode: (stored) => ({ ...stored, value: revive(stored.value) }),
};

function revive(bytes: Buffer): unknown {
  const name = HEADER.length - 1;
  if (bytes.length <= HEADER.length || !bytes.subarray(0, name).equals(HEADER.subarray(0, name)))
    throw new Unreadable(
      "NotStructured",
      "it was not stored by this layer",
      "Read it through the layers it was stored by.",
    );
  if (bytes[name] !== HEADER[name])
    throw new Unreadable(
      "NotStructured",
      `it has version ${bytes[name]} of the format, and this is version ${HEADER[name]}`,
      "Read it with a newer version of s3bucketmap.",
    );
  let value: unknown;
  try {
    value = deserialize(bytes.subarray(HEADER.length));
  } catch (cause) {
    throw new Unreadable(
      "NotStructured",
      `V8 cannot read it (${(cause as Error).message})`,
      "A newer Node may have stored it, or it is damaged.",
      cause,
    );
  }
  return guarded(value);
}
