import { types } from "node:util";
import { prototypes } from "../../arguments/kinds.js";
import { isUnchangeable, originalOf } from "./guarded.js";

/** What can hold other values, or be changed in place. */
export type Kind = "object" | "array" | "map" | "set" | "date";

/** The plain object behind each value of a live document. */
const liveOnes = new WeakMap<object, object>();

/**
 * Records that a value of a live document stands for this plain object. For a Map, a Set and a Date, both are the same
 * object.
 */
export function rememberLive(value: object, plain: object): void {
  liveOnes.set(value, plain);
}

/** The plain object behind a value of a live document, or a value that was read. Returns any other value as it is. */
export function behind(value: object): object {
  return liveOnes.get(value) ?? originalOf(value) ?? value;
}

/** The kind of a container. Undefined for any other value: such a value is copied as a whole, or not at all. */
export function kindOfContainer(value: object): Kind | undefined {
  // The library has put one more prototype between such a value and its usual prototype.
  const depth = prototypes(value) - (isUnchangeable(value) || liveOnes.has(value) ? 1 : 0);
  if (Array.isArray(value)) return depth === 2 ? "array" : undefined;
  if (types.isMap(value)) return depth === 2 ? "map" : undefined;
  if (types.isSet(value)) return depth === 2 ? "set" : undefined;
  if (types.isDate(value)) return depth === 2 ? "date" : undefined;
  return depth === 1 && !types.isArgumentsObject(value) ? "object" : undefined;
}

/**
 * The entries of a Map, or of a Set, where each element is its own key. The method of that name would do more than that
 * in a live document.
 */
export function entriesOf(collection: object): IterableIterator<[unknown, unknown]> {
  return types.isMap(collection)
    ? Map.prototype.entries.call(collection)
    : Set.prototype.entries.call(collection as Set<unknown>);
}

/** A value that is still to be copied, with what to do with its copy; or an object whose parts have all been copied. */
type Task = { value: unknown; put: (copy: unknown) => void } | { done: object };

/**
 * A copy that can be changed. Only containers are copied: by default, the copy has the same typed arrays, for example.
 * A property that no layer can keep, such as a getter, is copied as it is, so that the layer can name it in its error.
 *
 * @param shares - whether an object that is in two places is one object in the copy, too. JSON would make two of it
 * @param leaf - copies what is not a container
 */
export function copyOf(value: unknown, shares: boolean, leaf: (part: object) => object = same): unknown {
  let result: unknown;
  const copies = new Map<object, object>();
  // No recursion, because a value that another program stored may be nested to any depth.
  const tasks: Task[] = [{ value, put: (copy) => (result = copy) }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if ("done" in task) copies.delete(task.done);
    else task.put(copyOne(task.value));
  }
  return result;

  function copyOne(given: unknown): unknown {
    if (typeof given !== "object" || given === null) return given;
    const original = behind(given);
    // Without sharing, only the objects around this one are known here. So a cycle stays one, and the layer rejects it.
    const known = copies.get(original);
    if (known !== undefined) return known;
    // structured rejects Proxies. The frozen Proxies that json returns are plain data.
    const isRefused = shares && types.isProxy(original) && !Object.isFrozen(original);
    const kind = isRefused ? undefined : kindOfContainer(original);
    if (kind === undefined) return leaf(original);
    if (kind === "date" && Reflect.ownKeys(original).length === 0)
      return keep(original, new Date(Date.prototype.getTime.call(original)));
    if (kind === "object" || kind === "array") return copyProperties(original, kind);
    // The layer rejects a Map, a Set or a Date with properties, and its error names one of them.
    if (Reflect.ownKeys(original).length > 0) return original;
    return kind === "map" ? copyMap(original) : copySet(original);
  }

  function keep<T extends object>(original: object, copy: T): T {
    copies.set(original, copy);
    if (!shares) tasks.push({ done: original });
    return copy;
  }

  // The last part is put on the stack first, so that the parts are copied in their order.
  function later(parts: Task[]): void {
    while (parts.length > 0) tasks.push(parts.pop()!);
  }

  function copyProperties(original: object, kind: "object" | "array"): object {
    const copy = keep<object>(original, kind === "array" ? new Array((original as unknown[]).length) : {});
    const parts: Task[] = [];
    for (const key of Reflect.ownKeys(original)) {
      if (kind === "array" && key === "length") continue;
      const property = Reflect.getOwnPropertyDescriptor(original, key);
      if (property === undefined) continue;
      const put = (value: unknown): unknown => Object.defineProperty(copy, key, { ...property, value });
      if (!("value" in property)) Object.defineProperty(copy, key, property);
      else if (property.enumerable === true) {
        parts.push({ value: property.value, put: (value) => define(copy, key, value) });
      } else parts.push({ value: property.value, put });
    }
    later(parts);
    return copy;
  }

  function copyMap(original: object): object {
    const copy = keep(original, new Map<unknown, unknown>());
    const parts: Task[] = [];
    for (const [key, value] of entriesOf(original)) {
      let newKey: unknown;
      parts.push({ value: key, put: (made) => (newKey = made) });
      parts.push({ value, put: (made) => copy.set(newKey, made) });
    }
    later(parts);
    return copy;
  }

  function copySet(original: object): object {
    const copy = keep(original, new Set<unknown>());
    const parts: Task[] = [];
    for (const [value] of entriesOf(original)) parts.push({ value, put: (made) => copy.add(made) });
    later(parts);
    return copy;
  }
}

const same = (part: object): object => part;

/** Defines a property that can be changed, even if its name is `__proto__`. */
export function define(object: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}

/**
 * Copies a typed array, an ArrayBuffer or a regular expression. The copy has its own memory. Returns anything else as
 * it is: the layer below rejects it, and names it in its error.
 */
export function ownLeaf(part: object): object {
  if (ArrayBuffer.isView(part)) return copyOfView(part);
  if (types.isRegExp(part) && part.lastIndex === 0 && prototypes(part) === 2)
    return Reflect.ownKeys(part).length === 1 ? new RegExp(part.source, part.flags) : part;
  if (types.isArrayBuffer(part) && prototypes(part) === 2 && !isResizable(part)) return sliceOf(part) ?? part;
  return part;
}

function isResizable(buffer: ArrayBuffer): boolean {
  return (buffer as { resizable?: boolean }).resizable === true;
}

// Undefined for a detached buffer, which has no bytes any more.
function sliceOf(buffer: ArrayBuffer, start = 0, end = buffer.byteLength): ArrayBuffer | undefined {
  try {
    return buffer.slice(start, end);
  } catch {
    return undefined;
  }
}

function copyOfView(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  const isUsual = prototypes(view) === (types.isDataView(view) ? 2 : Buffer.isBuffer(view) ? 4 : 3);
  if (!isUsual || !types.isArrayBuffer(buffer) || isResizable(buffer)) return view;
  const memory = sliceOf(buffer, byteOffset, byteOffset + byteLength);
  if (memory === undefined) return view;
  if (Buffer.isBuffer(view)) return Buffer.from(memory);
  return new (view.constructor as new (memory: ArrayBuffer) => ArrayBufferView)(memory);
}
