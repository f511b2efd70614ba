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
 * Stores JavaScript values over a map of bytes, as structured clone copies them: all that JSON has, and also
 * `undefined`, NaN, -0, BigInt, Date, RegExp, Map, Set, ArrayBuffer, typed arrays, Buffers, built-in errors,
 * cycles and holes. The requests are those of the base.
 *
 * A value that would not come back unchanged is a TypeError that says where in the value the problem is, and nothing is stored. That
 * applies to functions, symbols, Proxies, instances of the program's classes, getters and hidden properties.
 *
 * Objects, arrays, Maps, Sets and Dates that were read throw a TypeError if they are changed, because that would not change S3. It
 * says what to do instead. Typed arrays, Buffers and ArrayBuffers are copies with memory of their own. All of them can be
 * stored again.
 *
 * The format is that of `v8.serialize` after a versioned header. Later versions of Node can read it, earlier ones
 * perhaps not, and other languages cannot: use json for those.
 *
 * @throws TypeError for a base that does not give bytes
 * @throws S3BucketMapError `NotStructured` for an object that this layer did not store
 * @example
 * const visits = structured<Visit>(new S3BucketMap("my-bucket", { readAs: "bytes" }));
 * visits.set("first", { at: new Date(), seen: new Set(["ann"]), count: 3n });
 * @see https://nodejs.org/api/v8.html#serialization-api
 */
export function structured(map: LayerBase<Buffer>): SyncMap<unknown>;
/** Stores values of a type that the program knows: they are not checked. {@link validate} checks them. */
export function structured<T>(map: LayerBase<Buffer>): SyncMap<T>;
export function structured(map: LayerBase<Buffer>): SyncMap<unknown> {
  return new TransformLayer(checkBytesBase("structured", map), structuredCodec);
}

const structuredCodec: Codec<unknown, Buffer> = {
  name: "structured",
  valueKind: "objects",
  format: "structured",
  encode: (value) => Buffer.concat([HEADER, serialize(serializable(value))]),
  decode: (stored) => ({ ...stored, value: revive(stored.value) }),
};

function revive(bytes: Buffer): unknown {
  checkFormat(bytes, HEADER, "NotStructured", "Read it through the layers it was stored by.");
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
