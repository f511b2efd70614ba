import { kindOf } from "../arguments/keys.js";
import { isPromise } from "../arguments/data-property.js";
import { argumentError } from "../errors/argument-error.js";
import type { Stored } from "./internals.js";
import type { ObjectOptions } from "./sync-map.js";

/** The options of an update: what they do not name stays as it was read. What layers never touch, the bucket keeps itself. */
export function keeping(
  options: ObjectOptions | undefined,
): (stored: Stored<unknown> | undefined) => ObjectOptions | undefined {
  return (stored) => {
    if (stored === undefined) return options;
    const contentType = options?.contentType ?? (stored.contentType || undefined);
    const contentEncoding = options?.contentEncoding ?? stored.contentEncoding;
    return {
      ...options,
      ...(contentType === undefined ? {} : { contentType }),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
    };
  };
}

/** What a function for `update` makes of what was read. @throws TypeError for what is no function, or returns a promise */
export function changing<V, W>(
  fn: (value: V | undefined) => W | undefined,
): (stored: Stored<V> | undefined) => W | undefined {
  if (typeof fn !== "function") throw argumentError(`update takes a function, not ${kindOf(fn)}.`);
  return (stored) => {
    const next = fn(stored?.value);
    if (!isPromise(next)) return next;
    // What it rejects with must not end the program beside this error.
    void Promise.resolve(next).catch(() => {});
    throw argumentError(
      "The function that update takes must be synchronous, and this one returned a promise: " +
        "do what is asynchronous before, or use the bucket's own calls, which block.",
    );
  };
}
