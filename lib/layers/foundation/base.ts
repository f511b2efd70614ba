import { isFacade, leadsToFacade } from "../../copies/facades.js";
import { kindOf } from "../../arguments/keys.js";
import { isOfAnotherVersion } from "../../copies/versions.js";
import { argumentError } from "../../errors/argument-error.js";
import { valueKind } from "../../map/internals.js";
import type { ValueKind } from "../../map/internals.js";
import type { SyncMap } from "../../map/sync-map.js";

/**
 * A map as a layer takes it: of the type of what it gives, though it may take more than that, as S3BucketMap takes
 * strings and bytes. It must have the other methods of `SyncMap`, too.
 */
export type LayerBase<V> = Pick<SyncMap<V>, "get" | "getMany" | "values" | "entries">;

const methods = [
  ...["get", "set", "has", "delete", "clear", "keys", "values", "entries", "forEach", "getMany", "setMany"],
  ...["deleteMany", "head", "list", "create", "update", "subMap", "close"],
] as const;

/**
 * Checks what a layer is to stand on, when it is made: later the mistake would be far from its cause.
 *
 * @param wanted - what the base may give; a map that does not say is taken at its word
 * @throws TypeError that says what to give instead
 */
export function checkBase<V>(
  layer: string,
  map: LayerBase<V>,
  wanted?: readonly ValueKind[],
  right = "one that does",
): SyncMap<V> {
  if (typeof map !== "object" || (map as unknown) === null) {
    throw argumentError(`${layer} takes a map, such as new S3BucketMap("my-bucket"), not ${kindOf(map)}.`);
  }
  // A facade first: to look for a method of it would read a key.
  if (leadsToFacade(map)) {
    throw argumentError(
      isFacade(map)
        ? `${layer} takes a map, and was given an object: ${layer}(asMap(object)), and asObject around that.`
        : `${layer} takes a map, and was given an object that inherits from a bucket's object.`,
    );
  }
  checkVersion(layer, map);
  for (const method of methods) {
    if (typeof (map as unknown as Record<string, unknown>)[method] !== "function") {
      throw argumentError(
        `${layer} takes a map with all of SyncMap's methods, and this one (${kindOf(map)}) has no ${method}.`,
      );
    }
  }
  const given = valueKindOf(map);
  if (wanted === undefined || given === undefined || wanted.includes(given)) return map as SyncMap<V>;
  throw argumentError(
    `${layer} needs a map that gives ${wanted.join(" or ")}, and this one gives ${given}: use ${right}.`,
  );
}

/** @throws TypeError for a map of another version of the library, of which a layer would not know where it is */
function checkVersion(layer: string, map: object): void {
  if (!isOfAnotherVersion(map)) return;
  throw argumentError(
    `${layer} takes a map of its own version of s3bucketmap, and this one comes from another that is installed beside it: ` +
      '"npm ls s3bucketmap" shows where.',
  );
}

/** What a map gives, where it says so. */
export function valueKindOf(map: object): ValueKind {
  return (map as { [valueKind]?: ValueKind })[valueKind];
}
