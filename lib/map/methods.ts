import { MAX_KEYS_AT_ONCE } from "../arguments/keys.js";
import { isPromise, kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { internals } from "./internals.js";
import type { HasInternals, Stored } from "./internals.js";
import type { ObjectOptions, SyncMap } from "./sync-map.js";

// Methods that are the same for a bucket and for all layers.

/** `forEach`: lists a page of keys when it is needed, then reads their values. */
export function forEach<V, M extends Pick<SyncMap<V>, "keys" | "get"> & HasInternals<V>>(
  map: M,
  callback: (value: V, key: string, map: M) => void,
  thisArg: unknown,
): void {
  if (typeof callback !== "function")
    throw argumentError(`forEach requires a function, not ${kindOf(callback)}.`);
  const listing = map.keys();
  for (let keys = take(listing, MAX_KEYS_AT_ONCE); keys.length > 0; keys = take(listing, MAX_KEYS_AT_ONCE)) {
    map[internals].hintReads(keys);
    for (const key of keys) {
      const value = map.get(key);
      // Undefined if the key was deleted after it was listed.
      if (value !== undefined) callback.call(thisArg, value, key, map);
    }
  }
}

function take(listing: Iterator<string>, most: number): string[] {
  const keys: string[] = [];
  while (keys.length < most) {
    const next = listing.next();
    if (next.done === true) break;
    keys.push(next.value);
  }
  return keys;
}

/**
 * `update`: headers that the options do not name stay as they were read.
 *
 * @param by - the function that the program called, for errors
 */
export function update<V>(
  map: HasInternals<V>,
  key: string,
  fn: (value: V | undefined) => V | undefined,
  options: ObjectOptions | undefined,
  by: "update" | "edit" = "update",
): V | undefined {
  if (typeof fn !== "function") throw argumentError(`update requires a function, not ${kindOf(fn)}.`);
  const change = (stored: Stored<V> | undefined): V | undefined => {
    const changed = fn(stored?.value);
    if (!isPromise(changed)) return changed;
    // A later rejection must not end the program, because the error below reports the mistake.
    void Promise.resolve(changed).catch(() => {});
    throw argumentError(
      `The function given to ${by} must be synchronous, but this one returned a promise. ` +
        "Do the asynchronous work before, or use the bucket's own calls, which block.",
    );
  };
  return map[internals].update(key, change, (stored) => keeping(options, stored));
}

/** The options of a changed value. The bucket itself keeps the headers that no layer changes. */
export function keeping(
  options: ObjectOptions | undefined,
  stored: Stored<unknown> | undefined,
): ObjectOptions | undefined {
  if (stored === undefined) return options;
  const contentType = options?.contentType ?? (stored.contentType || undefined);
  const contentEncoding = options?.contentEncoding ?? stored.contentEncoding;
  return {
    ...options,
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
  };
}
