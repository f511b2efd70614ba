import { isObject } from "./facades.js";

// By these names the copies of the library in a program find each other's methods. They end in the version of what the
// methods take and give, which is raised when that changes.
const OURS = /^s3bucketmap\.\w+\/1$/;

/** Whether a map, or a layer, was made by a version of the library whose methods are others. */
export function isOfAnotherVersion(map: object): boolean {
  for (let next: unknown = map; isObject(next); next = Reflect.getPrototypeOf(next)) {
    for (const key of Object.getOwnPropertySymbols(next)) {
      const isTheirs = key.description?.startsWith("s3bucketmap.") === true;
      if (isTheirs && !OURS.test(Symbol.keyFor(key) ?? "")) return true;
    }
  }
  return false;
}
