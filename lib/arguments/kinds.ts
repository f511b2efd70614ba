import { types } from "node:util";
import { isFacade, isObject } from "../global/facades.js";

// Finds out what a value is without running its code: on a facade, reading a property is a request.

/**
 * The value of a property, inherited or not. Undefined if it is a getter, or if there is a Proxy in the prototype
 * chain.
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

/** The length of an object's prototype chain: 1 for `{}`, 2 for `[]` and a Date, more for instances of subclasses. */
export function prototypes(object: object): number {
  let count = 0;
  for (
    let next: unknown = Reflect.getPrototypeOf(object);
    next !== null;
    next = Reflect.getPrototypeOf(next as object)
  ) {
    // The prototypes of a Proxy are not read, because it may be a bucket object. Infinity means: not a plain object.
    if (types.isProxy(next)) return Infinity;
    count += 1;
  }
  return count;
}

/** A string in quotes, at most 58 characters of it. */
export function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** What a value is, for the end of a message: "…, not a Date." */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (types.isProxy(value))
    return isFacade(value) ? "a bucket object" : "a Proxy, such as an object that json returned";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") {
    const given = dataProperty(dataProperty(value, "constructor"), "name");
    const name = typeof given === "string" ? given : "";
    return name === "" || name === "Object"
      ? "an object"
      : `${/^(?:[AEIO]|S3)/.test(name) ? "an" : "a"} ${name}`;
  }
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value === "string") return `the string ${shorten(value)}`;
  return `the ${typeof value} ${value as number}`;
}
