import { types } from "node:util";
import { isObject } from "../copies/facades.js";

/**
 * A property of a value that the library was given, if it is data. Neither a getter nor a Proxy is asked: one of them may be
 * a facade, and to ask it would be a request.
 */
export function dataProperty(value: unknown, key: string): unknown {
  for (let next = value; isObject(next) && !types.isProxy(next); next = Reflect.getPrototypeOf(next)) {
    const property = Reflect.getOwnPropertyDescriptor(next, key);
    if (property !== undefined) return property.value;
  }
  return undefined;
}

/** Whether `await` would wait for it. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof dataProperty(value, "then") === "function";
}
