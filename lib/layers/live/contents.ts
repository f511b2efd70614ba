import { define, elementsOf, entriesOf, kindOfContainer } from "../data/copies.js";
import { objectsIn } from "./steps.js";

/** The contents of each object, array, Map, Set and Date in a value, so that {@link refill} can restore them. */
export function contentsOf(value: unknown): Map<object, object> {
  const found = new Map<object, object>();
  for (const object of objectsIn(value)) {
    const contents = ofOne(object);
    if (contents !== undefined) found.set(object, contents);
  }
  return found;
}

function ofOne(object: object): object | undefined {
  switch (kindOfContainer(object)) {
    case "object":
      return Object.defineProperties({}, Object.getOwnPropertyDescriptors(object));
    case "array":
      return Object.defineProperties([], Object.getOwnPropertyDescriptors(object));
    case "map":
      return new Map(entriesOf(object));
    case "set":
      return new Set(elementsOf(object));
    case "date":
      return new Date(Date.prototype.getTime.call(object));
    case undefined:
      return undefined;
  }
}

/** Replaces the contents of an object by those of another object of its kind. */
export function refill(object: object, contents: object): void {
  switch (kindOfContainer(contents)) {
    case "map":
      Map.prototype.clear.call(object);
      for (const [key, value] of entriesOf(contents)) Map.prototype.set.call(object, key, value);
      return;
    case "set":
      Set.prototype.clear.call(object);
      for (const element of elementsOf(contents)) Set.prototype.add.call(object, element);
      return;
    case "date":
      Date.prototype.setTime.call(object, (contents as Date).getTime());
      return;
    default:
      // All properties are deleted first, so that the names are in the new order. An array's length cannot be deleted.
      for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
      if (Array.isArray(object)) object.length = (contents as unknown[]).length;
      for (const key of Object.keys(contents)) define(object, key, Reflect.get(contents, key));
  }
}
