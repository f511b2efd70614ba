import type { SyncMap } from "../map/sync-map.js";
import { kindOf } from "../arguments/keys.js";
import { argumentError } from "../errors/argument-error.js";
import { checkValue, MAX_STRING_BYTES, toText } from "../arguments/values.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import type { Codec } from "./foundation/codec.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/**
 * A map of strings over a map of bytes, as UTF-8. The requests are those of the base; values are stored as
 * `text/plain; charset=utf-8` unless `set` is told otherwise.
 *
 * @throws TypeError for a base that does not give bytes, and for a string with a lone surrogate
 * @throws S3BucketMapError `NotUtf8` where what is read is no text
 * @example
 * const notes = text(gzip(new S3BucketMap("my-bucket", { readAs: "bytes" })));
 * notes.set("today", "so many words");
 */
export function text(map: LayerBase<Buffer>): SyncMap<string> {
  const base = checkBase(
    "text",
    map,
    ["bytes"],
    'new S3BucketMap("my-bucket", { readAs: "bytes" }), or a layer that gives bytes',
  );
  return new TransformLayer(base, textCodec);
}

const textCodec: Codec<string, Buffer> = {
  name: "text",
  valueKind: "string",
  encode(value) {
    if (typeof value !== "string") throw argumentError(`text takes strings, not ${kindOf(value)}.`);
    checkValue(value);
    return Buffer.from(value);
  },
  decode: (stored) => ({ ...stored, value: decodeUtf8(stored.value) }),
  options: (options) => ({
    ...options,
    contentType: options?.contentType === undefined ? "text/plain; charset=utf-8" : options.contentType,
  }),
};

/** @throws Unreadable where the bytes are no text, or more than a string can hold */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > MAX_STRING_BYTES)
    throw new Unreadable(
      "ValueTooLong",
      `it has ${bytes.length} bytes, and a string at most ${MAX_STRING_BYTES}`,
      "Read it as bytes.",
    );
  const decoded = toText(bytes);
  if (decoded === undefined) throw new Unreadable("NotUtf8", "its bytes are not UTF-8", "Read it as bytes.");
  return decoded;
}
