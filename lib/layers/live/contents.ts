import { define, entriesOf, kindOfContainer } from "../data/copies.js";
import type { Kind } from "../data/copies.js";
import { isContainer, objectsIn } from "./paths.js";

/** The contents of each object, array, Map, Set and Date in a value, so that {@link refill} can restore them. */
export function contentsOf(value: unknown): Map<object, object> {
  const containers = [...objectsIn(value)].filter(isContainer);
  return new Map(containers.map((object) => [object, shallowCopy(object)]));
}

export function shallowCopy(object: object): object {
  return refill(empty[kindOfContainer(object)!](), object);
}

const empty: Record<Kind, () => object> = {
  object: () => ({}),
  array: () => [],
  map: () => new Map(),
  set: () => new Set(),
  date: () => new Date(0),
};

/** Replaces the contents of an object by those of another object of its kind. @returns the object */
export function refill(object: object, contents: object): object {
  switch (kindOfContainer(contents)) {
    case "map":
      Map.prototype.clear.call(object);
      for (const [key, value] of entriesOf(contents)) Map.prototype.set.call(object, key, value);
      break;
    case "set":
      Set.prototype.clear.call(object);
      for (const [element] of entriesOf(contents)) Set.prototype.add.call(object, element);
      break;
    case "date":
      Date.prototype.setTime.call(object, Date.prototype.getTime.call(contents));
      break;
    default:
      // All properties are deleted first, so that the names are in the new order. An array's length cannot be deleted.
      for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
      if (Array.isArray(object)) object.length = (contents as unknown[]).length;
      for (const key of Object.keys(contents)) define(object, key, Reflect.get(contents, key));
  }
  return object;
}
