import { isDeepStrictEqual } from "node:util";
import { isPromise, kindOf } from "../arguments/kinds.js";
import { mapOfFacade } from "../global/facades.js";
import { argumentError } from "../errors/errors.js";
import { internals, internalsOf } from "../map/internals.js";
import { update } from "../map/methods.js";
import type { ObjectOptions } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { copyOf, ownLeaf } from "./data/copies.js";

/**
 * What the function passed to {@link edit} may return: a value to store, or nothing if it changed an object. It must
 * not return a promise, which `any` would allow.
 */
// `infer` keeps TypeScript from inferring V from this type. NoInfer would, too, but editors would show it.
type Edited<V> = unknown extends V
  ? NoPromise
  : [V] extends [infer Value]
    ? Value | undefined | (Value extends object ? void : undefined)
    : never;

type NoPromise =
  string | number | bigint | boolean | null | undefined | void | (object & { readonly then?: never });

/**
 * Changes a value in place: passes a changeable copy of the value to `fn`, and then stores that copy by the rules of
 * `update`. So no change by another program is lost: `fn` is called again if another writer got there first. Each call
 * of `fn` costs 1 GET and 1 PUT.
 *
 * If the value is an object, `edit` ignores what `fn` returns. If the key is missing, or its value is a string or a
 * number, `edit` stores what `fn` returns; `undefined` then leaves the key as it is, so a missing key stays missing.
 *
 * @param objectOrMap - a map, or its bucket object. Values must be strings, bytes, or values of `json` or `structured`
 * @param fn - receives a copy of the value, or `undefined` if the key is missing. It must be synchronous. If it throws,
 * `edit` throws the same error, and nothing is stored
 * @returns a copy of the value that was stored. Undefined if there is none
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
  if (typeof fn !== "function") throw argumentError(`edit requires a function, not ${kindOf(fn)}.`);
  const below = internalsOf(map);
  const shares = below.valueKind !== "frozen";
  const change = (stored: V | undefined): V | undefined => {
    const value = copyOf(stored, shares, ownLeaf) as V;
    const returned: unknown = fn(value);
    // update throws the error for a promise.
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
    `The function passed to edit did not change the value of ${JSON.stringify(key)}, and returned another value. ` +
      "Change the value that the function receives, because edit stores that. To replace a value, use update.",
  );
}
