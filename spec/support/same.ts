import { types } from "node:util";

/**
 * Whether two values are of the same kinds and hold the same, all through, whatever realm they are of. -0, NaN, holes, the
 * order of keys and elements, and cycles count; prototypes by their constructors' names.
 */
export function same(one: unknown, other: unknown, seen: Map<unknown, unknown> = new Map()): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return Object.is(one, other);
  if (seen.has(one)) return seen.get(one) === other;
  seen.set(one, other);
  if (Object.prototype.toString.call(one) !== Object.prototype.toString.call(other)) return false;
  if (one.constructor?.name !== other.constructor?.name) return false;
  const inside = contents(one);
  const otherInside = contents(other);
  return (
    inside.length === otherInside.length && inside.every((part, at) => same(part, otherInside[at], seen))
  );
}

function contents(value: object): unknown[] {
  if (types.isAnyArrayBuffer(value)) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  if (types.isNativeError(value)) return [value.name, value.message];
  if (types.isBoxedPrimitive(value)) return [value.valueOf()];
  const named = Reflect.ownKeys(value).flatMap((key) => [
    key,
    (value as Record<string | symbol, unknown>)[key],
  ]);
  if (types.isDate(value)) return [value.getTime(), ...named];
  if (types.isRegExp(value)) return [value.source, value.flags, ...named];
  if (types.isMap(value)) return [...[...(value as Map<unknown, unknown>)].flat(1), ...named];
  if (types.isSet(value)) return [...value, ...named];
  return named;
}
