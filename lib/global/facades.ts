import { threadWide } from "./thread-wide.js";

interface Facades {
  /** The map behind each facade. */
  readonly maps: WeakMap<object, object>;
  /** The facade of each map. */
  readonly facades: WeakMap<object, object>;
}

// Shared, to recognise the facades of other copies of the library.
const { maps, facades } = threadWide<Facades>("facades/1", "{ maps: new WeakMap(), facades: new WeakMap() }");

export function mapOfFacade(value: unknown): object | undefined {
  return isObject(value) ? maps.get(value) : undefined;
}

export function facadeOfMap(map: object): object | undefined {
  return facades.get(map);
}

export function rememberFacade(facade: object, map: object): void {
  facades.set(map, facade);
  maps.set(facade, map);
}

/** The map itself, or the map behind a facade. Undefined for anything that is not an object. */
export function mapOf(given: unknown): object | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  return mapOfFacade(given) ?? (leadsToFacade(given) ? undefined : given);
}

/** Whether a value is a facade. Reads no property of it. */
export function isFacade(value: unknown): boolean {
  return mapOfFacade(value) !== undefined;
}

/** Whether reading a property of a value could read a key: it is a facade, or inherits from one. */
export function leadsToFacade(value: unknown): boolean {
  for (let next = value; isObject(next); next = Reflect.getPrototypeOf(next)) if (isFacade(next)) return true;
  return false;
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
