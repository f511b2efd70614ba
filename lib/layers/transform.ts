import { checkOptions, checkText } from "../arguments/checks.js";
import { leadsToFacade } from "../global/facades.js";
import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import type { SyncMap } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { TransformLayer } from "./foundation/transform-layer.js";

/** How `transform` converts values on their way to the base and back. */
export interface Transformation<V, Raw> {
  /**
   * Returns what to store for a value. It should throw a TypeError for a value that `decode` would not return
   * unchanged. Then nothing is stored. `key` is the full key in the bucket (with the prefix), which is the same
   * through any sub-map.
   */
  encode: (value: V, key: string) => Raw;
  /**
   * Returns the value for what is stored. If it throws, reading throws an S3BucketMapError `NotDecodable` with that
   * error as its `cause`.
   */
  decode: (stored: Raw, key: string) => V;
  /** The layer's name, as `console.log` and errors show it. */
  name?: string | undefined;
  /** The Content-Type of what `encode` returns, unless the write sets another. */
  contentType?: string | undefined;
}

/**
 * Converts values on their way to the base and back. The requests are those of the base. Everything but the values is
 * passed on unchanged.
 *
 * @throws TypeError if the first argument is not a map, and for an invalid option
 * @example
 * const dates = transform(new S3BucketMap("my-bucket"), {
 *   encode: (date: Date) => date.toISOString(),
 *   decode: (text) => new Date(text),
 * });
 * dates.set("start", new Date());
 */
export function transform<V, Raw>(map: LayerBase<Raw>, transformation: Transformation<V, Raw>): SyncMap<V> {
  const base = checkBase("transform", map);
  const { encode, decode, name, contentType } = checkTransformation(transformation);
  return new TransformLayer(base, {
    name,
    valueKind: undefined,
    contentType,
    encode: (value, key) => encode(value, key),
    decode: (stored, key) => ({ ...stored, value: decode(stored.value, key) }),
  });
}

function checkTransformation<V, Raw>(
  given: Transformation<V, Raw>,
): Transformation<V, Raw> & { name: string } {
  if (typeof given !== "object" || given === null || leadsToFacade(given))
    throw argumentError(`transform requires { encode, decode }, not ${kindOf(given)}.`);
  checkOptions(given, ["encode", "decode", "name", "contentType"], "transform");
  const { encode, decode, name = "transform", contentType } = given;
  for (const [option, value] of Object.entries({ encode, decode })) {
    if (typeof value !== "function")
      throw argumentError(`transform requires ${option} to be a function, not ${kindOf(value)}.`);
  }
  checkText(name, "name of transform");
  if (contentType !== undefined) checkText(contentType, "contentType of transform");
  return { encode, decode, name, ...(contentType === undefined ? {} : { contentType }) };
}
