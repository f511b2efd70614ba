import { kindOf } from "../../arguments/kinds.js";
import { isFacade, leadsToFacade } from "../../global/facades.js";
import { isOfAnotherVersion } from "../../global/other-version.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import type { ValueKind } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";

/**
 * The base of a layer. It must have all methods of `SyncMap`. This type has only methods that return values, because a
 * map may accept more than it returns: S3BucketMap accepts both strings and bytes, for example.
 */
export type LayerBase<V> = Pick<SyncMap<V>, "get" | "getMany" | "values" | "entries">;

const methods = [
  ...["get", "set", "has", "delete", "clear", "keys", "values", "entries", "forEach", "getMany", "setMany"],
  ...["deleteMany", "head", "list", "create", "update", "subMap", "close"],
] as const;

/**
 * Checks a layer's base when the layer is created. An error at a later call would be far from its cause.
 *
 * @param wanted - the kinds of values that the base may return. A base that does not declare its kind is accepted
 * @param advice - what to use instead
 */
export function checkBase<V>(
  layer: string,
  map: LayerBase<V>,
  wanted: readonly ValueKind[] = [],
  advice = "",
): SyncMap<V> {
  const given: unknown = map;
  if (typeof given !== "object" || given === null) {
    throw argumentError(
      `${layer} requires a map, such as new S3BucketMap("my-bucket"), not ${kindOf(given)}.`,
    );
  }
  // Checked before any method is looked up, because on a bucket object the lookup would read a key.
  if (leadsToFacade(given)) {
    throw argumentError(
      isFacade(given)
        ? `${layer} requires a map, not a bucket object. Use ${layer}(asMap(object)), and asObject around that.`
        : `${layer} requires a map, not an object that inherits from a bucket object.`,
    );
  }
  if (isOfAnotherVersion(given)) {
    throw argumentError(
      `${layer} requires a map of its own version of s3bucketmap, but this map comes from another installed version. ` +
        'Run "npm ls s3bucketmap" to see all installed versions.',
    );
  }
  for (const method of methods) {
    if (typeof (given as Record<string, unknown>)[method] === "function") continue;
    throw argumentError(
      `${layer} requires a map with all methods of SyncMap, but this one (${kindOf(given)}) has no ${method}.`,
    );
  }
  const base = map as SyncMap<V>;
  const { valueKind } = internalsOf(base);
  if (valueKind === "live" && layer === "live") throw argumentError("This map is already a live map.");
  if (valueKind === "live" && layer !== "edit")
    throw argumentError(
      `${layer} cannot be put over live, because live must be the outermost layer. Put live over ${layer}.`,
    );
  if (valueKind === undefined || wanted.length === 0 || wanted.includes(valueKind)) return base;
  throw argumentError(
    `${layer} requires a map that returns ${wanted.map((kind) => kinds[kind!]).join(" or ")}, ` +
      `but this one returns ${kinds[valueKind]}. Use ${advice}.`,
  );
}

const kinds: Record<NonNullable<ValueKind>, string> = {
  string: "strings",
  bytes: "bytes",
  frozen: "frozen values, as json does",
  objects: "objects",
  live: "documents",
};

/** {@link checkBase} for a layer over bytes. */
export function checkBytesBase(layer: string, map: LayerBase<Buffer>): SyncMap<Buffer> {
  const advice = 'new S3BucketMap("my-bucket", { readAs: "bytes" }), or a layer that returns bytes';
  return checkBase(layer, map, ["bytes"], advice);
}
