import { deserialize, serialize } from "node:v8";
import type { SyncMap } from "../map/sync-map.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { guarded } from "./data/guarded.js";
import { serializable } from "./data/structured-data.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { checkFormat, Unreadable } from "./foundation/unreadable.js";

/** Precedes V8's serialization of the value: a name, and the version of the format. */
const HEADER: Buffer = Buffer.from("S3BMs\u0001", "latin1");

/**
 * Stores JavaScript values over a map of bytes, as structured clone copies them: everything that JSON has, and also
 * `undefined`, NaN, -0, BigInt, Date, RegExp, Map, Set, ArrayBuffer, typed arrays, Buffers, built-in errors,
 * cycles and holes. The requests are those of the base.
 *
 * Throws a TypeError for a value that would not come back unchanged, and stores nothing. The message says where in the
 * value the problem is. This applies to functions, symbols, Proxies, instances of the program's classes, getters and
 * hidden properties.
 *
 * Changing an object, array, Map, Set or Date that was read throws a TypeError, because that would not change S3. The
 * message says what to do instead. Typed arrays, Buffers and ArrayBuffers are copies with their own memory. All of
 * these values can be stored again.
 *
 * The format is that of `v8.serialize`, after a versioned header. Later versions of Node can read it. Earlier versions
 * may not be able to, and other languages cannot: use json for those.
 *
 * @throws TypeError for a base that does not return bytes
 * @throws S3BucketMapError `NotStructured` for an object that this layer did not store
 * @example
 * const visits = structured<Visit>(new S3BucketMap("my-bucket", { readAs: "bytes" }));
 * visits.set("first", { at: new Date(), seen: new Set(["ann"]), count: 3n });
 * @see https://nodejs.org/api/v8.html#serialization-api
 */
export function structured(map: LayerBase<Buffer>): SyncMap<unknown>;
/** Stores values of a type that the program knows. They are not checked; {@link validate} does that. */
export function structured<T>(map: LayerBase<Buffer>): SyncMap<T>;
export function structured(map: LayerBase<Buffer>): SyncMap<unknown> {
  return new TransformLayer(checkBytesBase("structured", map), structuredCodec);
}

const structuredCodec: Codec<unknown, Buffer> = {
  name: "structured",
  valueKind: "objects",
  format: "structured",
  encode: (value, key) => Buffer.concat([HEADER, serialize(serializable(value, key))]),
  decode: (stored) => ({ ...stored, value: revive(stored.value) }),
};

function revive(bytes: Buffer): unknown {
  checkFormat(bytes, HEADER, "NotStructured", "Read it through the layers that it was stored through.");
  let value: unknown;
  try {
    value = deserialize(bytes.subarray(HEADER.length));
  } catch (cause) {
    throw new Unreadable(
      "NotStructured",
      `V8 cannot read it (${(cause as Error).message})`,
      "A newer version of Node may have stored it, or it is damaged.",
      cause,
    );
  }
  return guarded(value);
}
