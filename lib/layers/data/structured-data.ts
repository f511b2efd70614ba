import { types } from "node:util";
import { dataProperty, prototypes } from "../../arguments/kinds.js";
import { isUnchangeable, originalOf, unguarded } from "./guarded.js";
import { isDetached, isOutOfBounds } from "../../arguments/values.js";
import { isIndex, nameOf, Walk } from "./plain-data.js";

/**
 * The value in a form that V8 can serialize: if parts of it were read through this layer, a plain copy.
 *
 * @throws TypeError for a value that would not come back unchanged. The message says where in the value the problem is
 */
export function serializable(value: unknown, key: string): unknown {
  const walk = new Walk("structured", key);
  // A stored undefined would look like a missing key.
  if (value === undefined) throw walk.refuse("undefined", "To remove a key, delete it.");
  const seen = new Set<object>();
  check(value, walk, seen);
  return [...seen].some((part) => originalOf(part) !== undefined) ? unguarded(value) : value;
}

function check(given: unknown, walk: Walk, seen: Set<object>): void {
  if (typeof given === "function" || typeof given === "symbol")
    throw walk.refuse(`a ${typeof given}`, "Store data.");
  if (typeof given !== "object" || given === null || seen.has(given)) return;
  seen.add(given);
  const value = originalOf(given) ?? given;
  if (types.isProxy(value)) {
    throw walk.refuse(
      nameOf(value),
      "Store a plain copy. For a value that json returned, that is JSON.parse(JSON.stringify(value)).",
    );
  }
  const depth = prototypes(value) - (isUnchangeable(value) ? 1 : 0);
  if (Array.isArray(value)) {
    if (depth !== 2) throw refuseClass(value, walk);
    checkProperties(value, walk, seen);
  } else if (depth === 1 && isOrdinary(value)) checkProperties(value, walk, seen);
  else if (types.isMap(value) && depth === 2) {
    checkNoProperties(value, walk);
    let position = 0;
    for (const [key, element] of value) {
      walk.into(`key ${position}`, () => check(key, walk, seen));
      walk.into(typeof key === "string" ? key : `value ${position}`, () => check(element, walk, seen));
      position += 1;
    }
  } else if (types.isSet(value) && depth === 2) {
    checkNoProperties(value, walk);
    let position = 0;
    for (const element of value) walk.into(position++, () => check(element, walk, seen));
  } else if (!isSimple(value, depth, walk)) throw refuseClass(value, walk);
}

/** Whether the value is a built-in object that contains no other objects. */
function isSimple(value: object, depth: number, walk: Walk): boolean {
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (types.isAnyArrayBuffer(buffer) && isDetached(buffer))
    throw walk.refuse("a detached ArrayBuffer", "Its bytes were transferred elsewhere.");
  if (ArrayBuffer.isView(value)) {
    if (isOutOfBounds(value))
      throw walk.refuse("a view of bytes that its ArrayBuffer no longer has", "The buffer was resized.");
    // No search for additional properties, because that would list the index of every element.
    if (types.isSharedArrayBuffer(value.buffer) || !views.has(kindOfView(value))) return false;
    return depth === (types.isDataView(value) ? 2 : Buffer.isBuffer(value) ? 4 : 3);
  }
  if (types.isNativeError(value)) return isOwnError(value, depth, walk);
  if (depth !== 2) return false;
  if (types.isRegExp(value)) {
    if (value.lastIndex !== 0)
      throw walk.refuse("a RegExp in the middle of a search (its lastIndex is not 0)", "Set lastIndex to 0.");
    checkNoProperties(value, walk, false, ["lastIndex"]);
    return true;
  }
  const simple =
    types.isDate(value) ||
    types.isArrayBuffer(value) ||
    types.isNumberObject(value) ||
    types.isBooleanObject(value) ||
    types.isBigIntObject(value) ||
    types.isStringObject(value);
  if (types.isArrayBuffer(value) && (value as { resizable?: boolean }).resizable === true)
    throw walk.refuse("a resizable ArrayBuffer", "Store a slice of it.");
  if (simple) checkNoProperties(value, walk, types.isStringObject(value), ["length"]);
  return simple;
}

const errorNames: ReadonlySet<string> = new Set([
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

function isOwnError(error: Error, depth: number, walk: Walk): boolean {
  const name = dataProperty(dataProperty(error, "constructor"), "name");
  if (typeof name !== "string" || !errorNames.has(name) || depth !== (name === "Error" ? 2 : 3)) return false;
  for (const key of Reflect.ownKeys(error)) {
    if (key === "stack" || key === "message") continue;
    throw walk.refuse(`an error with the property ${String(key)}`, "Convert it to plain data.");
  }
  return true;
}

// The views that V8 can serialize in every version of Node from 20 on.
const views: ReadonlySet<string> = new Set([
  ...[
    "Int8",
    "Uint8",
    "Uint8Clamped",
    "Int16",
    "Uint16",
    "Int32",
    "Uint32",
    "Float32",
    "Float64",
    "BigInt64",
    "BigUint64",
  ].map((kind) => `[object ${kind}Array]`),
  "[object DataView]",
]);

function kindOfView(view: ArrayBufferView): string {
  return Object.prototype.toString.call(view);
}

function isOrdinary(value: object): boolean {
  // Deno lacks isExternal.
  const isExternal = (types as Partial<typeof types>).isExternal?.(value) === true;
  return !isExternal && !types.isArgumentsObject(value) && !types.isModuleNamespaceObject(value);
}

function checkProperties(value: object, walk: Walk, seen: Set<object>): void {
  const isArray = Array.isArray(value);
  for (const [key, property] of walk.properties(value)) {
    walk.into(isArray && isIndex(key) ? Number(key) : key, () => check(property, walk, seen));
  }
}

function checkNoProperties(value: object, walk: Walk, indexed = false, but: readonly string[] = []): void {
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "string" && (but.includes(key) || (indexed && isIndex(key)))) continue;
    throw walk.refuse(`${nameOf(value)} with the property ${String(key)}`, "Store the property elsewhere.");
  }
}

function refuseClass(value: object, walk: Walk): TypeError {
  return walk.refuse(`${nameOf(value)}, which would not come back as one`, "Convert it to plain data.");
}
