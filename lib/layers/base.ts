import { isFacade } from "../bucket-object.js";
import { kindOf } from "../keys.js";
import { wrongArgument } from "../stack.js";
import { gives } from "../stored.js";
import type { Gives } from "../stored.js";

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
export function checkBase(
  layer: string,
  map: unknown,
  wanted?: readonly Gives[],
  right = "one that does",
): void {
  if (typeof map !== "object" || map === null) {
    throw wrongArgument(`${layer} takes a map, such as new S3BucketMap("my-bucket"), not ${kindOf(map)}.`);
  }
  // A facade first: to look for a method of it would read a key.
  if (isFacade(map)) {
    throw wrongArgument(
      `${layer} takes a map, and was given an object: ${layer}(asMap(object)), and asObject around that.`,
    );
  }
  for (const method of methods) {
    if (typeof (map as Record<string, unknown>)[method] !== "function") {
      throw wrongArgument(
        `${layer} takes a map with all of SyncMap's methods, and this one (${kindOf(map)}) has no ${method}.`,
      );
    }
  }
  const given = givesOf(map);
  if (wanted === undefined || given === undefined || wanted.includes(given)) return;
  throw wrongArgument(
    `${layer} needs a map that gives ${wanted.join(" or ")}, and this one gives ${given}: use ${right}.`,
  );
}

/** What a map gives, where it says so. */
export function givesOf(map: object): Gives {
  return (map as { [gives]?: Gives })[gives];
}
