import type { SyncMap } from "../map/sync-map.js";
import { kindOf, shorten } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { checkValue, MAX_STRING_BYTES, toText } from "../arguments/values.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/**
 * Stores strings as UTF-8 over a map of bytes. The requests are those of the base. The Content-Type is
 * `text/plain; charset=utf-8` unless the write sets another.
 *
 * @throws TypeError for a base that does not return bytes, and for a string with a lone surrogate
 * @throws S3BucketMapError `NotUtf8` for an object that is not text
 * @example
 * const notes = text(gzip(new S3BucketMap("my-bucket", { readAs: "bytes" })));
 * notes.set("today", "so many words");
 */
export function text(map: LayerBase<Buffer>): SyncMap<string> {
  return new TransformLayer(checkBytesBase("text", map), textCodec);
}

const textCodec: Codec<string, Buffer> = {
  name: "text",
  valueKind: "string",
  format: "text",
  contentType: "text/plain; charset=utf-8",
  encode(value, key) {
    if (typeof value !== "string")
      throw argumentError(`text accepts strings, not ${kindOf(value)}. The key is ${shorten(key)}.`);
    checkValue(value, key);
    return Buffer.from(value);
  },
  decode: (stored) => ({ ...stored, value: decodeUtf8(stored.value) }),
};

/** @throws Unreadable for bytes that are not UTF-8, or that do not fit into a string */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > MAX_STRING_BYTES)
    throw new Unreadable(
      "ValueTooLong",
      `it has ${bytes.length} bytes, but a string can hold at most ${MAX_STRING_BYTES}`,
      "Read it as bytes.",
    );
  const decoded = toText(bytes);
  if (decoded === undefined) throw new Unreadable("NotUtf8", "its bytes are not UTF-8", "Read it as bytes.");
  return decoded;
}
