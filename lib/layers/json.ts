import type { Stored } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";
import { checkBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { deepFreeze } from "./data/frozen.js";
import { prototypes } from "../arguments/kinds.js";
import { nameOf, Walk } from "./data/plain-data.js";
import { decodeUtf8 } from "./text.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/**
 * Stores JSON values over a map of strings or bytes. The requests are those of the base. The Content-Type is
 * `application/json` unless the write sets another.
 *
 * Throws a TypeError for a value that JSON would change or drop without an error, and stores nothing. The message says
 * where in the value the problem is. This applies to `undefined`, functions, symbols, BigInt, NaN, Infinity, -0, holes
 * in arrays, cycles, and instances of classes (a Date, a Map). Values may be nested 1000 levels deep.
 *
 * Values that were read are deeply frozen, because changing them would not change S3. `bucket.user.name = "x"` throws a
 * TypeError that says what to do instead ({@link edit}), even in sloppy mode. For this reason the values are Proxies,
 * which `structuredClone` and `postMessage` do not accept: pass `JSON.parse(JSON.stringify(value))`.
 *
 * @throws TypeError for a base that returns neither strings nor bytes
 * @throws S3BucketMapError `NotJson` for an object that is not JSON, `NotUtf8` for one that is not text
 * @example
 * const users = asObject(json<User>(new S3BucketMap("my-bucket", { prefix: "users/" })));
 * users.ann = { name: "Ann", visits: 0, tags: ["new"] };
 * asMap(users).update("ann", (ann) => ({ ...ann!, name: "Anna" }));
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as of JSON.parse
export function json(map: LayerBase<string | Buffer>): SyncMap<any>;
/** Stores JSON values of a type that the program knows. They are not checked; {@link validate} does that. */
export function json<T>(map: LayerBase<string | Buffer>): SyncMap<T>;
export function json(map: LayerBase<string | Buffer>): SyncMap<unknown> {
  const advice = 'new S3BucketMap("my-bucket"), or a layer that returns strings or bytes';
  // A map of bytes also accepts strings.
  const base = checkBase("json", map as LayerBase<string>, ["string", "bytes"], advice);
  return new TransformLayer(base, jsonCodec);
}

const jsonCodec: Codec<unknown, string> = {
  name: "json",
  valueKind: "frozen",
  format: "json",
  contentType: "application/json",
  encode(value, key) {
    checkJson(value, new Walk("json", key), new Set());
    return JSON.stringify(value);
  },
  decode(stored: Stored<string | Uint8Array>) {
    const { value } = stored;
    return { ...stored, value: parse(typeof value === "string" ? value : decodeUtf8(value)) };
  },
};

function parse(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Unreadable(
      "NotJson",
      (cause as Error).message,
      "If it was not stored through json, read it through the base map.",
      cause,
    );
  }
  return deepFreeze(value);
}

/** @throws TypeError for a value that JSON would change. The message says where in the value the problem is */
function checkJson(value: unknown, walk: Walk, inside: Set<object>): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Object.is(value, -0)) throw walk.refuse("-0, which would come back as 0", "Add 0 to it.");
      if (Number.isFinite(value)) return;
      throw walk.refuse(String(value), "Use null, or a string.");
    case "undefined":
      throw walk.refuse("undefined", "Leave the property out, or use null. To remove a key, delete it.");
    case "bigint":
      throw walk.refuse("a BigInt", "Use a string, or the layer structured.");
    case "function":
    case "symbol":
      throw walk.refuse(`a ${typeof value}`, "Store data.");
  }
  if (value !== null) checkInside(value as object, walk, inside);
}

function checkInside(value: object, walk: Walk, inside: Set<object>): void {
  if (inside.has(value)) throw walk.refuse("an object inside itself", "Use the layer structured.");
  inside.add(value);
  if (Array.isArray(value)) checkArray(value, walk, inside);
  else checkObject(value, walk, inside);
  inside.delete(value);
}

function checkArray(array: unknown[], walk: Walk, inside: Set<object>): void {
  if (prototypes(array) !== 2) throw walk.refuse(nameOf(array), "Convert it to a plain array: [...array].");
  const properties = walk.properties(array);
  for (const [position, [key, element]] of properties.entries()) {
    if (key !== String(position)) {
      throw position < array.length
        ? hole(walk, position)
        : walk.refuse(`an array with the property ${JSON.stringify(key)}`, "Use an object.");
    }
    walk.into(position, () => checkJson(element, walk, inside));
  }
  if (properties.length < array.length) throw hole(walk, properties.length);
}

function hole(walk: Walk, position: number): TypeError {
  return walk.refuse(`an array with a hole at index ${position}`, "Put null there.");
}

function checkObject(object: object, walk: Walk, inside: Set<object>): void {
  if (prototypes(object) !== 1) {
    throw walk.refuse(
      `${nameOf(object)}, which would come back as a plain object or a string`,
      "Convert it to plain data (a Date by toISOString, a Map by Object.fromEntries), or use the layer structured.",
    );
  }
  for (const [key, value] of walk.properties(object)) walk.into(key, () => checkJson(value, walk, inside));
}
