import { types } from "node:util";
import { isFacade } from "../../global/facades.js";
import { frozenGuard, isDeepFrozen, refuse } from "./frozen.js";
import { prototypes } from "../../arguments/kinds.js";

/** The object behind each Proxy. */
const originals = new WeakMap<object, object>();

/** Maps, Sets and Dates that reject changes. */
const unchangeable = new WeakSet<object>();

/**
 * Makes a deserialized value reject changes, because they would not change S3. Objects and arrays become Proxies. Maps,
 * Sets and Dates get another prototype. Typed arrays cannot reject changes, but get their own memory.
 */
export function guarded<T>(value: T): T {
  const found = collect(value);
  const standIn = (part: unknown): unknown => found.get(part as object) ?? part;
  for (const object of found.keys()) {
    if (types.isMap(object)) {
      const entries = [...object];
      object.clear();
      for (const [key, element] of entries) object.set(standIn(key), standIn(element));
      setApart(object, mapGuard);
    } else if (types.isSet(object)) {
      const elements = [...object];
      object.clear();
      for (const element of elements) object.add(standIn(element));
      setApart(object, setGuard);
    } else if (types.isDate(object)) setApart(object, dateGuard);
    else if (isContainer(object)) {
      for (const key of Object.keys(object)) {
        Object.defineProperty(object, key, { value: standIn(Reflect.get(object, key)) });
      }
    }
    // Matching changes a RegExp's lastIndex, and views cannot be frozen.
    if (!types.isRegExp(object) && !ArrayBuffer.isView(object)) Object.freeze(object);
  }
  return standIn(value) as T;
}

/** All objects in a value, each with what replaces it. */
function collect(value: unknown): Map<object, object> {
  const found = new Map<object, object>();
  const open: unknown[] = [value];
  // No recursion, because a value that another program stored may be nested to any depth.
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null || found.has(next)) continue;
    found.set(next, ArrayBuffer.isView(next) ? withOwnMemory(next) : next);
    if (types.isMap(next)) for (const entry of next) open.push(...entry);
    else if (types.isSet(next)) for (const element of next) open.push(element);
    else if (isContainer(next)) {
      const guard = new Proxy(next, frozenGuard);
      originals.set(guard, next);
      found.set(next, guard);
      for (const key of Object.keys(next)) open.push(Reflect.get(next, key));
    }
  }
  return found;
}

function isContainer(object: object): boolean {
  return Array.isArray(object) || Object.prototype.toString.call(object) === "[object Object]";
}

// V8 deserializes typed arrays as views of the stored bytes, and Buffers as parts of Node's shared pool.
function withOwnMemory(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  if (byteLength === buffer.byteLength) return view;
  const memory = new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
  if (Buffer.isBuffer(view)) return Buffer.from(memory);
  return new (view.constructor as new (memory: ArrayBuffer) => ArrayBufferView)(memory);
}

function setApart(object: object, prototype: object): void {
  Object.setPrototypeOf(object, prototype);
  unchangeable.add(object);
}

function guardOf(prototype: object, isChange: (method: string) => boolean, advice: string): object {
  const guard = Object.create(prototype) as object;
  for (const method of Object.getOwnPropertyNames(prototype).filter(isChange)) {
    const value = (): never => refuse(`Cannot call ${method} of a frozen value`, advice);
    Object.defineProperty(guard, method, { value, configurable: true, writable: true });
  }
  return guard;
}

const changes =
  (...methods: string[]): ((method: string) => boolean) =>
  (method) =>
    methods.includes(method);
const mapGuard = guardOf(Map.prototype, changes("set", "delete", "clear"), "new Map(bucket.seats).set(1, 2)");
const setGuard = guardOf(Set.prototype, changes("add", "delete", "clear"), "new Set(bucket.tags).add(1)");
const dateGuard = guardOf(Date.prototype, (method) => method.startsWith("set"), "new Date(bucket.start)");

/** The object behind the Proxy of a value that was read. */
export function originalOf(value: object): object | undefined {
  return originals.get(value);
}

/** Whether the value is a Map, Set or Date that was read. Such a value has one more prototype. */
export function isUnchangeable(value: object): boolean {
  return unchangeable.has(value);
}

/** A copy of a value without Proxies and replaced prototypes, which V8 can serialize. */
export function unguarded(value: unknown, copies: Map<object, object> = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  const original = originals.get(value) ?? value;
  const known = copies.get(original);
  if (known !== undefined) return known;
  const add = <T extends object>(copy: T): T => {
    copies.set(original, copy);
    return copy;
  };
  if (types.isMap(original)) {
    const copy = add(new Map());
    for (const [key, element] of original) copy.set(unguarded(key, copies), unguarded(element, copies));
    return copy;
  }
  if (types.isSet(original)) {
    const copy = add(new Set());
    for (const element of original) copy.add(unguarded(element, copies));
    return copy;
  }
  if (types.isDate(original)) return add(new Date(original.getTime()));
  const isArray = Array.isArray(original);
  if (!isArray && prototypes(original) !== 1) return original;
  const copy = add(isArray ? new Array(original.length) : {});
  for (const key of Object.keys(original)) {
    const part = unguarded(Reflect.get(original, key), copies);
    Object.defineProperty(copy, key, { value: part, configurable: true, enumerable: true, writable: true });
  }
  return copy;
}

/** The value itself, or a copy of it if any part of it was read through json or structured and rejects changes. */
export function changeable(value: unknown): unknown {
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    // Looking into a bucket object would send requests.
    if (typeof next !== "object" || next === null || seen.has(next) || isFacade(next)) continue;
    if (originals.has(next) || unchangeable.has(next) || isDeepFrozen(next)) return unguarded(value);
    seen.add(next);
    if (types.isMap(next)) for (const entry of next) open.push(...entry);
    else if (types.isSet(next)) open.push(...next);
    else if (!ArrayBuffer.isView(next)) {
      for (const { value: part } of Object.values(Object.getOwnPropertyDescriptors(next))) open.push(part);
    }
  }
  return value;
}
