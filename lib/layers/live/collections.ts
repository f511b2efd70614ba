import { elementsOf, entriesOf } from "../data/copies.js";
import type { Kind } from "../data/copies.js";
import type { Owner } from "./owner.js";
import { nodeOf } from "./owner.js";
import { ALL } from "./steps.js";

/**
 * Makes a Map, Set or Date of a document store its changes, by the methods of another prototype. It is still a real
 * Map, Set or Date for code that inspects it. It is frozen so that no property can be added, which does not affect its
 * methods.
 */
export function asLive(object: object, kind: Kind): object {
  const prototype = kind === "map" ? liveMap : kind === "set" ? liveSet : liveDate;
  return Object.freeze(Object.setPrototypeOf(object, prototype) as object);
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A prototype with other methods. If `this` is not in a document, they do what the built-in methods do. */
function prototypeOf(
  usual: object,
  methods: Record<string | symbol, (owner: Owner, object: never, args: unknown[], self: unknown) => unknown>,
): object {
  const made = Object.create(usual) as object;
  for (const name of Reflect.ownKeys(methods)) {
    const own = Reflect.getOwnPropertyDescriptor(usual, name)!;
    const before = (own.get ?? own.value) as Method;
    const method = function (this: unknown, ...args: unknown[]): unknown {
      const node = nodeOf(this);
      if (node === undefined) return Reflect.apply(before, this, args);
      node.owner.look(node.plain);
      return methods[name]!(node.owner, node.plain as never, args, this);
    };
    Object.defineProperty(method, "name", { value: before.name });
    Object.defineProperty(method, "length", { value: before.length });
    Object.defineProperty(
      made,
      name,
      own.get === undefined ? { ...own, value: method } : { ...own, get: method },
    );
  }
  return made;
}

type AnyMap = Map<unknown, unknown>;
type AnySet = Set<unknown>;

/** The key in the document for a key that the program passes. An object of the document stands for the plain object. */
function keyIn(key: unknown): unknown {
  return nodeOf(key)?.plain ?? key;
}

/** The position of a key or element that is an object. Undefined for any other, which is found by its value. */
function entryIndexOf(keys: Iterable<unknown>, key: unknown): { entryIndex: number } | undefined {
  if (typeof key !== "object" || key === null) return undefined;
  const entryIndex = [...keys].indexOf(key);
  return entryIndex === -1 ? undefined : { entryIndex };
}

function* keysOf(map: AnyMap): Generator<unknown> {
  for (const [key] of entriesOf(map)) yield key;
}

function* viewedEntries(owner: Owner, map: AnyMap): Generator<[unknown, unknown], undefined> {
  owner.look(map, ALL);
  for (const [key, value] of entriesOf(map)) {
    owner.look(map, key);
    yield [owner.view(key), owner.view(value)];
  }
  return undefined;
}

function* picked(owner: Owner, map: AnyMap, at: 0 | 1): Generator<unknown, undefined> {
  for (const entry of viewedEntries(owner, map)) yield entry[at];
  return undefined;
}

function* viewedElements(owner: Owner, set: AnySet, twice = false): Generator<unknown, undefined> {
  owner.look(set, ALL);
  for (const element of elementsOf(set)) {
    owner.look(set, element);
    const view = owner.view(element);
    yield twice ? [view, view] : view;
  }
  return undefined;
}

function eachOf(
  entries: Iterable<readonly [unknown, unknown]>,
  [callback, thisArg]: unknown[],
  self: unknown,
): void {
  if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
  for (const [key, value] of entries) Reflect.apply(callback, thisArg, [value, key, self]);
}

const entriesOfMap = (owner: Owner, map: AnyMap): unknown => viewedEntries(owner, map);

const liveMap = prototypeOf(Map.prototype, {
  get(owner, map: AnyMap, [key]) {
    owner.look(map, keyIn(key));
    return owner.view(Map.prototype.get.call(map, keyIn(key)));
  },
  has(owner, map: AnyMap, [key]) {
    owner.look(map, keyIn(key));
    return Map.prototype.has.call(map, keyIn(key));
  },
  size(owner, map: AnyMap) {
    owner.look(map, ALL);
    return Reflect.get(Map.prototype, "size", map);
  },
  set(owner, map: AnyMap, [key, value], self) {
    const at = entryIndexOf(keysOf(map), keyIn(key));
    const [plainKey, plain] = [at === undefined ? owner.plain(key) : undefined, owner.plain(value)];
    owner.change(map, { do: "mapSet", key: plainKey, value: plain, ...at });
    return self;
  },
  delete(owner, map: AnyMap, [key]) {
    return owner.change(map, {
      do: "remove",
      key: plainKeyOf(key),
      ...entryIndexOf(keysOf(map), keyIn(key)),
    });
  },
  clear: (owner, map: AnyMap) => owner.change(map, { do: "clear" }),
  entries: entriesOfMap,
  [Symbol.iterator]: entriesOfMap,
  keys: (owner, map: AnyMap) => picked(owner, map, 0),
  values: (owner, map: AnyMap) => picked(owner, map, 1),
  forEach: (owner, map: AnyMap, args, self) => eachOf(viewedEntries(owner, map), args, self),
});

const elementsOfSet = (owner: Owner, set: AnySet): unknown => viewedElements(owner, set);

const liveSet = prototypeOf(Set.prototype, {
  has(owner, set: AnySet, [element]) {
    owner.look(set, keyIn(element));
    return Set.prototype.has.call(set, keyIn(element));
  },
  size(owner, set: AnySet) {
    owner.look(set, ALL);
    return Reflect.get(Set.prototype, "size", set);
  },
  add(owner, set: AnySet, [element], self) {
    const at = entryIndexOf(elementsOf(set), keyIn(element));
    owner.change(set, { do: "add", key: at === undefined ? owner.plain(element) : undefined, ...at });
    return self;
  },
  delete(owner, set: AnySet, [element]) {
    return owner.change(set, {
      do: "remove",
      key: plainKeyOf(element),
      ...entryIndexOf(elementsOf(set), keyIn(element)),
    });
  },
  clear: (owner, set: AnySet) => owner.change(set, { do: "clear" }),
  entries: (owner, set: AnySet) => viewedElements(owner, set, true),
  keys: elementsOfSet,
  values: elementsOfSet,
  [Symbol.iterator]: elementsOfSet,
  forEach: (owner, set: AnySet, args, self) =>
    eachOf(viewedElements(owner, set, true) as Iterable<[unknown, unknown]>, args, self),
});

/** A key that no collection has. */
const nowhere = Symbol("nowhere");

/** An object is found by its position, never as a key. So it becomes a key that no collection has. */
function plainKeyOf(key: unknown): unknown {
  return (typeof key === "object" && key !== null) || typeof key === "function" ? nowhere : key;
}

const dateMethods = Object.getOwnPropertyNames(Date.prototype).filter((name) => name !== "constructor");

const liveDate = prototypeOf(
  Date.prototype,
  Object.fromEntries(
    dateMethods.map((name) => {
      const usual = Reflect.get(Date.prototype, name) as Method;
      const read = (owner: Owner, date: Date, args: unknown[]): unknown => {
        owner.look(date, ALL);
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
