import { isPromise, kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { internals } from "./internals.js";
import type { HasInternals, Stored } from "./internals.js";
import type { ObjectOptions } from "./sync-map.js";

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
