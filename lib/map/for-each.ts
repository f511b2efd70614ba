import { PAGE } from "./page.js";
import { kindOf } from "../arguments/keys.js";
import { hintReads } from "./internals.js";
import type { HasHintReads } from "./internals.js";
import { argumentError } from "../errors/argument-error.js";
import type { SyncMap } from "./sync-map.js";

/** Calls back for each key, in order. A page of keys is listed when it is needed, and then read. */
export function forEachOf<V, M extends Pick<SyncMap<V>, "keys" | "get"> & HasHintReads>(
  map: M,
  callback: (value: V, key: string, map: M) => void,
  thisArg: unknown,
): void {
  if (typeof callback !== "function")
    throw argumentError(`forEach takes a function, not ${kindOf(callback)}.`);
  // What lies behind a page may be a million keys: their memory, and the time to list them, are not paid beforehand.
  const listing = map.keys();
  for (let keys = take(listing, PAGE); keys.length > 0; keys = take(listing, PAGE)) {
    map[hintReads](keys);
    for (const key of keys) {
      const value = map.get(key);
      // Unless it was deleted since the listing.
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
