import { isDeepStrictEqual } from "node:util";
import { isPromise, kindOf } from "../arguments/kinds.js";
import { mapOfFacade } from "../copies/facades.js";
import { argumentError } from "../errors/errors.js";
import { internals, internalsOf } from "../map/internals.js";
import { update } from "../map/methods.js";
import type { ObjectOptions } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { copyOf, ownLeaf } from "./data/copies.js";

/**
 * What the function given to {@link edit} may return: what can be stored for a missing key, and nothing at all after an object
 * was changed. Never a promise, which `any` would let through.
 */
// By `infer`, as V shall not be inferred from here, and editors would show NoInfer.
type Edited<V> = unknown extends V
  ? NoPromise
  : [V] extends [infer Value]
    ? Value | undefined | (Value extends object ? void : undefined)
    : never;

type NoPromise =
  string | number | bigint | boolean | null | undefined | void | (object & { readonly then?: never });

/**
 * Changes a value in place: `fn` is given a copy that can be changed, and what it has become is stored by the rules of
 * `update`. So no change of another program is lost, and `fn` is called again where somebody was quicker. 1 GET and 1 PUT each
 * time that it begins.
 *
 * Where an object was changed, what `fn` returns is ignored. Where there is no object to change, since the key is missing or its
 * value is a string or a number, the result is stored; `undefined` then leaves the key as it is.
 *
 * @param objectOrMap - any map whose values are strings, bytes, or what `json` or `structured` gives, or its object
 * @param fn - receives a copy of the value, or `undefined` if there is no such key. It must be synchronous. What it throws
 * passes through, and nothing is stored
 * @returns the value that was stored, a copy; undefined where nothing was
 * @throws TypeError if `fn` changes nothing and returns another object: `update` replaces a value
 * @throws S3BucketMapError as `update` does
 * @example
 * edit(users, "ann", (user) => {
 *   user?.tags.push("new");
 * });
 * edit(users, "bob", (user = { name: "Bob", visits: 0, tags: [] }) => {
 *   user.visits += 1;
 *   return user; // stored if there was no bob
 * });
 * edit(counters, "visits", (n = 0) => n + 1);
 */
export function edit<V>(
  objectOrMap: LayerBase<V> | { [key: string]: V | undefined },
  key: string,
  fn: (value: V | undefined) => Edited<V>,
  options?: ObjectOptions,
): V | undefined {
  const map = checkBase<V>("edit", (mapOfFacade(objectOrMap) ?? objectOrMap) as LayerBase<V>);
  if (typeof fn !== "function") throw argumentError(`edit takes a function, not ${kindOf(fn)}.`);
  const below = internalsOf(map);
  const shares = below.valueKind !== "frozen";
  const change = (stored: V | undefined): V | undefined => {
    const value = copyOf(stored, shares, ownLeaf) as V;
    const returned: unknown = fn(value);
    // It is refused there.
    if (isPromise(returned)) return returned as V;
    if (typeof value !== "object" || value === null) return returned === undefined ? stored : (returned as V);
    if (typeof returned === "object" && returned !== null && returned !== (value as object)) {
      if (isDeepStrictEqual(value, copyOf(stored, shares, ownLeaf))) throw changedNothing(key);
    }
    return value;
  };
  return update({ [internals]: below }, key, change, options, "edit");
}

function changedNothing(key: string): TypeError {
  return argumentError(
    `The function given to edit left the value of ${JSON.stringify(key)} as it is, and returned another: ` +
      "edit stores the copy that it gives, so change that one; to replace a value, use update.",
  );
}
