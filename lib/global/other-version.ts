import { isObject } from "./facades.js";

// The symbols by which copies of the library find each other's internals. Each ends with a version, which is raised when the
// internals change.
const OURS = /^s3bucketmap\.\w+\/1$/;

/** Whether a map or a layer comes from a version of the library with other internals. */
export function isOfAnotherVersion(map: object): boolean {
  for (let next: unknown = map; isObject(next); next = Reflect.getPrototypeOf(next)) {
    for (const key of Object.getOwnPropertySymbols(next)) {
      const isTheirs = key.description?.startsWith("s3bucketmap.") === true;
      if (isTheirs && !OURS.test(Symbol.keyFor(key) ?? "")) return true;
    }
  }
  return false;
}
