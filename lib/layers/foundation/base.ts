import { kindOf } from "../../arguments/kinds.js";
import { isFacade, leadsToFacade } from "../../copies/facades.js";
import { isOfAnotherVersion } from "../../copies/versions.js";
import { argumentError } from "../../errors/errors.js";
import { internalsOf } from "../../map/internals.js";
import type { ValueKind } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";

/**
 * The map that a layer stands on. Only what it gives has a type here, for a map may take more than it gives, as S3BucketMap takes
 * strings and bytes. It must have the other methods of `SyncMap`, too.
 */
export type LayerBase<V> = Pick<SyncMap<V>, "get" | "getMany" | "values" | "entries">;

const methods = [
  ...["get", "set", "has", "delete", "clear", "keys", "values", "entries", "forEach", "getMany", "setMany"],
  ...["deleteMany", "head", "list", "create", "update", "subMap", "close"],
] as const;

/**
 * Checks a layer's base when the layer is made: later, the mistake would be far from its cause.
 *
 * @param wanted - the kinds of values that the base may give; a map that does not say is taken at its word
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
    throw argumentError(`${layer} takes a map, such as new S3BucketMap("my-bucket"), not ${kindOf(given)}.`);
  }
  // Before any method is looked up: on a facade that would read a key.
  if (leadsToFacade(given)) {
    throw argumentError(
      isFacade(given)
        ? `${layer} takes a map, and was given an object: ${layer}(asMap(object)), and asObject around that.`
        : `${layer} takes a map, and was given an object that inherits from a bucket's object.`,
    );
  }
  if (isOfAnotherVersion(given)) {
    throw argumentError(
      `${layer} takes a map of its own version of s3bucketmap, and this one comes from another that is installed beside it: ` +
        '"npm ls s3bucketmap" shows where.',
    );
  }
  for (const method of methods) {
    if (typeof (given as Record<string, unknown>)[method] === "function") continue;
    throw argumentError(
      `${layer} takes a map with all of SyncMap's methods, and this one (${kindOf(given)}) has no ${method}.`,
    );
  }
  const base = map as SyncMap<V>;
  const { valueKind } = internalsOf(base);
  if (valueKind === "live" && layer !== "edit")
    throw argumentError(
      `${layer} cannot stand on a live map, because live goes outermost: live(${layer}(map)).`,
    );
  if (valueKind === undefined || wanted.length === 0 || wanted.includes(valueKind)) return base;
  throw argumentError(
    `${layer} needs a map that gives ${wanted.join(" or ")}, and this one gives ${valueKind}: use ${advice}.`,
  );
}

/** {@link checkBase} for a layer over bytes. */
export function checkBytesBase(layer: string, map: LayerBase<Buffer>): SyncMap<Buffer> {
  const advice = 'new S3BucketMap("my-bucket", { readAs: "bytes" }), or a layer that gives bytes';
  return checkBase(layer, map, ["bytes"], advice);
}
