import { types } from "node:util";
import { entriesOf } from "../data/copies.js";
import type { Kind } from "../data/copies.js";
import type { FieldName } from "./actions.js";
import { nodeOf } from "./owner.js";
import type { Owner } from "./owner.js";
import { ALL, isObject } from "./paths.js";
import { prototypeOf } from "./prototypes.js";
import type { LiveMethod } from "./prototypes.js";

/**
 * Makes a Map, Set or Date of a document store its changes, by the methods of another prototype. It is still a real
 * Map, Set or Date for code that inspects it. It is frozen so that no property can be added, which does not affect its
 * methods.
 */
export function asLive(object: object, kind: Kind): object {
  const prototype = kind === "map" ? liveMap : kind === "set" ? liveSet : liveDate;
  return Object.freeze(Object.setPrototypeOf(object, prototype) as object);
}

type AnyMap = Map<unknown, unknown>;
type Collection = AnyMap | Set<unknown>;

/** The key in the document for a key that the program passes. An object of the document stands for the plain object. */
function keyIn(key: unknown): unknown {
  return nodeOf(key)?.plain ?? key;
}

/** The name of a key or element. An object that is not in the collection becomes a copy, which is not in it either. */
function nameOf(owner: Owner, collection: Collection, key: unknown): FieldName {
  const entryIndex = isObject(key) ? [...entriesOf(collection)].findIndex(([own]) => own === keyIn(key)) : -1;
  return entryIndex === -1 ? { key: owner.plain(key) } : { key: undefined, entryIndex };
}

function* viewedEntries(owner: Owner, collection: Collection): Generator<[unknown, unknown], undefined> {
  owner.sync();
  owner.noteRead(collection, ALL);
  const given = new Set<unknown>();
  for (const [key, value] of entriesOf(collection)) {
    // A change from outside refills the collection, and then its iterator begins again.
    if (given.has(key)) continue;
    given.add(key);
    owner.noteRead(collection, key);
    yield [owner.view(key), owner.view(value)];
    // This comes before the iterator takes the next entry, so that the entry is current.
    owner.sync();
    owner.checkLoop(collection);
  }
  return undefined;
}

function* viewed(owner: Owner, collection: Collection, at: 0 | 1): Generator<unknown, undefined> {
  for (const entry of viewedEntries(owner, collection)) yield entry[at];
  return undefined;
}

/** The methods of Maps and Sets that are alike. */
function methodsLike(usual: Collection): Record<string | symbol, LiveMethod> {
  return {
    has(owner, collection: Collection, [key]) {
      owner.noteRead(collection, keyIn(key));
      return usual.has.call(collection as never, keyIn(key));
    },
    size(owner, collection: Collection) {
      owner.noteRead(collection, ALL);
      return Reflect.get(usual, "size", collection);
    },
    delete: (owner, collection: Collection, [key]) =>
      owner.change(collection, { do: "delete", ...nameOf(owner, collection, key) }),
    clear: (owner, collection: Collection) => owner.change(collection, { do: "clear" }),
    entries: viewedEntries,
    keys: (owner, collection: Collection) => viewed(owner, collection, 0),
    values: (owner, collection: Collection) => viewed(owner, collection, 1),
    forEach(owner, collection: Collection, [callback, thisArg], self) {
      if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
      for (const [key, value] of viewedEntries(owner, collection))
        Reflect.apply(callback, thisArg, [value, key, self]);
    },
  };
}

const liveMap = prototypeOf(Map.prototype, types.isMap, {
  ...methodsLike(Map.prototype),
  [Symbol.iterator]: viewedEntries,
  get(owner, map: AnyMap, [key]) {
    owner.noteRead(map, keyIn(key));
    return owner.view(Map.prototype.get.call(map, keyIn(key)));
  },
  set(owner, map: AnyMap, [key, value], self) {
    owner.change(map, { do: "set", ...nameOf(owner, map, key), value: owner.plain(value) });
    return self;
  },
});

const liveSet = prototypeOf(Set.prototype, types.isSet, {
  ...methodsLike(Set.prototype),
  [Symbol.iterator]: (owner, set: Set<unknown>) => viewed(owner, set, 0),
  add(owner, set: Set<unknown>, [element], self) {
    owner.change(set, { do: "add", ...nameOf(owner, set, element) });
    return self;
  },
});

const dateMethods = Object.getOwnPropertyNames(Date.prototype).filter((name) => name !== "constructor");

const liveDate = prototypeOf(
  Date.prototype,
  types.isDate,
  Object.fromEntries(
    dateMethods.map((name) => {
      const usual = Reflect.get(Date.prototype, name) as (...args: unknown[]) => unknown;
      const read = (owner: Owner, date: Date, args: unknown[]): unknown => {
        owner.noteRead(date, ALL);
        return Reflect.apply(usual, date, args);
      };
      const change = (owner: Owner, date: Date, args: unknown[]): unknown => {
        const changed = new Date(Date.prototype.getTime.call(date));
        const result = Reflect.apply(usual, changed, args);
        owner.change(date, { do: "time", time: changed.getTime() });
        return result;
      };
      return [name, name.startsWith("set") ? change : read];
    }),
  ),
);
