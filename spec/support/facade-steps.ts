import * as fc from "fast-check";

/** An object whose every property is a string, as a facade's is. */
export type Strings = Record<string, string | undefined>;

/** One use of an object: what it is given, and what it does. */
export interface Step<A = unknown> {
  args: fc.Arbitrary<A>;
  /** The result, in a form that does not depend on the order of the keys nor on the kind of descriptor. */
  run(object: Strings, args: A): unknown;
  /** A plain object does this and S3 cannot: the facade must refuse it with a TypeError and change nothing. */
  refused?: true;
}

/** The two that may differ, made equal: the order of keys … */
export function inAnyOrder<T>(entries: Iterable<T>): T[] {
  const text = (entry: T): string => JSON.stringify(entry);
  return [...entries].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** … and descriptors, which are a data property's on a plain object and an accessor's on a facade. */
export function asData(descriptor: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (descriptor?.get === undefined) return descriptor;
  const { enumerable, configurable } = descriptor;
  const value: unknown = descriptor.get();
  return { value, writable: descriptor.set !== undefined, enumerable, configurable } as PropertyDescriptor;
}

/** Keys that objects, promises and serialisers look for, or that order differently: with much repetition. */
const namedKeys = [
  ...["__proto__", "constructor", "then", "toJSON", "hasOwnProperty", "toString", "valueOf", "prototype"],
  ...["get", "set", "value", "enumerable", "writable", "length", "name", "a", "b", "", "0", "1", "10", "9"],
  ...["01", "-1", "1.5", "4294967295", "ú", "u\u0301", "😀", "\uffff", "a/b", "../x", "\u0001", "%2F", "a+b"],
];

export const keys: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...namedKeys) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }).filter((key) => !key.includes("\0")) },
);

export const values: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("", "v", "2", "true", "\ufeff", "\0", "😀", "{}", "undefined"),
  fc.string({ unit: "binary", maxLength: 6 }),
);

const key = fc.tuple(keys);
const keyAndValue = fc.tuple(keys, values);
const none = fc.constant([]);
export const someEntries: fc.Arbitrary<[string, string][]> = fc.array(fc.tuple(keys, values), {
  maxLength: 3,
  size: "max",
});

function step<A>(args: fc.Arbitrary<A>, run: (object: Strings, args: A) => unknown): Step {
  return { args, run };
}

function refused<A>(args: fc.Arbitrary<A>, run: (object: Strings, args: A) => unknown): Step {
  return { args, run, refused: true };
}

const complete = { enumerable: true, writable: true, configurable: true };
const partial = fc.constantFrom<PropertyDescriptor>(
  {},
  { enumerable: true },
  { writable: true },
  { configurable: true, enumerable: true },
);
const unkeepable = fc.constantFrom<PropertyDescriptor>(
  { get: () => "got" },
  { set: () => undefined },
  { get: () => "got", set: () => undefined, enumerable: true, configurable: true },
  { ...complete, enumerable: false, value: "v" },
  { ...complete, writable: false, value: "v" },
  { ...complete, configurable: false, value: "v" },
);

/** Each with its name, so that a failing program reads as one. */
export const steps: Record<string, Step> = {
  "o[k]": step(key, (o, [k]) => o[k]),
  "o[k] = v": step(keyAndValue, (o, [k, v]) => (o[k] = v)),
  "o[k] += v": step(keyAndValue, (o, [k, v]) => (o[k] += v)),
  "o[k] ??= v": step(keyAndValue, (o, [k, v]) => (o[k] ??= v)),
  "o[k] ||= v": step(keyAndValue, (o, [k, v]) => (o[k] ||= v)),
  "o[k] &&= v": step(keyAndValue, (o, [k, v]) => (o[k] &&= v)),
  "k in o": step(key, (o, [k]) => k in o),
  "delete o[k]": step(key, (o, [k]) => delete o[k]),
  "o[k]()": step(key, (o, [k]) => (o[k] as unknown as () => void)()),

  "Reflect.get": step(key, (o, [k]) => Reflect.get(o, k)),
  "Reflect.set": step(keyAndValue, (o, [k, v]) => Reflect.set(o, k, v)),
  "Reflect.has": step(key, (o, [k]) => Reflect.has(o, k)),
  "Reflect.deleteProperty": step(key, (o, [k]) => Reflect.deleteProperty(o, k)),
  "Reflect.ownKeys": step(none, (o) => inAnyOrder(Reflect.ownKeys(o))),
  "Reflect.getOwnPropertyDescriptor": step(key, (o, [k]) => asData(Reflect.getOwnPropertyDescriptor(o, k))),
  "Reflect.defineProperty": step(keyAndValue, (o, [k, value]) =>
    Reflect.defineProperty(o, k, { ...complete, value }),
  ),
  "Reflect.getPrototypeOf": step(none, (o) => Reflect.getPrototypeOf(o)),
  "Reflect.setPrototypeOf null": step(none, (o) => Reflect.setPrototypeOf(o, null)),
  "Reflect.isExtensible": step(none, (o) => Reflect.isExtensible(o)),
  "Reflect.apply": step(none, (o) => Reflect.apply(Array.of, Array, o as unknown as unknown[])),

  "Object.keys": step(none, (o) => inAnyOrder(Object.keys(o))),
  "Object.values": step(none, (o) => inAnyOrder(Object.values(o))),
  "Object.entries": step(none, (o) => inAnyOrder(Object.entries(o))),
  "Object.getOwnPropertyNames": step(none, (o) => inAnyOrder(Object.getOwnPropertyNames(o))),
  "Object.getOwnPropertySymbols": step(none, (o) => Object.getOwnPropertySymbols(o)),
  "Object.getOwnPropertyDescriptors": step(none, (o) =>
    inAnyOrder(Object.entries(Object.getOwnPropertyDescriptors(o)).map(([k, d]) => [k, asData(d)])),
  ),
  "Object.hasOwn": step(key, (o, [k]) => Object.hasOwn(o, k)),
  "hasOwnProperty.call": step(key, (o, [k]) => Object.prototype.hasOwnProperty.call(o, k)),
  "propertyIsEnumerable.call": step(key, (o, [k]) => Object.prototype.propertyIsEnumerable.call(o, k)),
  "isPrototypeOf.call": step(none, (o) => Object.prototype.isPrototypeOf.call(o, Object.create(o) as object)),
  "valueOf.call": step(none, (o) => Object.prototype.valueOf.call(o) === o),
  "Object.defineProperty": step(
    keyAndValue,
    (o, [k, value]) => Object.defineProperty(o, k, { ...complete, value }) === o,
  ),
  "Object.defineProperty of one that is there": step(
    fc.tuple(keys, partial, fc.option(values, { nil: undefined })),
    (o, [k, descriptor, value]) => {
      o[k] ??= "there";
      return Object.defineProperty(o, k, value === undefined ? descriptor : { ...descriptor, value }) === o;
    },
  ),
  "Object.defineProperty without a value": step(key, (o, [k]) => {
    o[k] = "there";
    return Object.defineProperty(o, k, complete) === o;
  }),
  "Object.defineProperties": step(
    someEntries,
    (o, list) =>
      Object.defineProperties(
        o,
        Object.fromEntries(list.map(([k, value]) => [k, { ...complete, value }])),
      ) === o,
  ),
  "Object.assign to it": step(
    someEntries,
    (o, list) => Object.assign(o, Object.fromEntries(list), "ab", null) === o,
  ),
  "Object.assign from it": step(someEntries, (o, list) =>
    inAnyOrder(Object.entries(Object.assign(Object.fromEntries(list), o) as Strings)),
  ),
  "Object.assign to itself": step(none, (o) => Object.assign(o, o) === o),
  "Object.fromEntries": step(none, (o) =>
    inAnyOrder(Object.entries<string | undefined>(Object.fromEntries(Object.entries(o)))),
  ),
  "Object.isFrozen, isSealed, isExtensible": step(none, (o) => [
    Object.isFrozen(o),
    Object.isSealed(o),
    Object.isExtensible(o),
  ]),
  "Object.getPrototypeOf": step(none, (o) => [Object.getPrototypeOf(o) as unknown, o instanceof Object]),

  "{...o}": step(none, (o) => inAnyOrder(Object.entries({ ...o }))),
  "structuredClone of the spread": step(none, (o) => inAnyOrder(Object.entries(structuredClone({ ...o })))),
  "{[k]: v, ...rest} = o": step(key, (o, [k]) => {
    const { [k]: value = "the default", a, ...rest } = o;
    return [value, a, inAnyOrder(Object.entries(rest))];
  }),
  "Array.from": step(none, (o) => Array.from(o as unknown as ArrayLike<string>)),
  "JSON.stringify": step(none, (o) => inAnyOrder(Object.entries(JSON.parse(JSON.stringify(o)) as Strings))),
  "JSON.stringify inside another": step(none, (o) =>
    inAnyOrder(Object.entries((JSON.parse(JSON.stringify([{ o }], null, 1)) as [{ o: Strings }])[0].o)),
  ),
  // The order is the list's.
  "JSON.stringify with a list": step(fc.array(keys, { maxLength: 4 }), (o, list) => JSON.stringify(o, list)),
  "as a property descriptor": step(none, (o) =>
    Object.getOwnPropertyDescriptor(Object.defineProperty({}, "p", o), "p"),
  ),

  // S3 keeps a string under a key, and no more: neither attributes nor a getter.
  "Object.defineProperty of what S3 cannot keep": refused(fc.tuple(keys, unkeepable), (o, [k, descriptor]) =>
    Object.defineProperty(o, k, descriptor),
  ),
  "Reflect.defineProperty of what S3 cannot keep": refused(fc.tuple(keys, unkeepable), (o, [k, descriptor]) =>
    Reflect.defineProperty(o, k, descriptor),
  ),
  // What is left out would be false.
  "Object.defineProperty of part of a new one": refused(fc.tuple(keys, partial), (o, [k, descriptor]) => {
    if (k in o) throw new TypeError("It is there.");
    Object.defineProperty(o, k, { ...descriptor, value: "v" });
  }),
  // An object without prototype has no other way to be written these, and a value is a string or bytes.
  "o[k] = what is no string": refused(
    fc.tuple(keys, fc.constantFrom<unknown>(undefined, null, 1, true, {}, [], Symbol("s"), "\ud800")),
    (o, [k, value]) => {
      o[k] = value as string;
    },
  ),
  // Others may write to the bucket, and a symbol is no name for an object in it.
  "Object.freeze": refused(none, (o) => Object.freeze(o)),
  "Object.seal": refused(none, (o) => Object.seal(o)),
  "Object.preventExtensions": refused(none, (o) => Object.preventExtensions(o)),
  "Reflect.preventExtensions": refused(none, (o) => Reflect.preventExtensions(o)),
  "Object.setPrototypeOf": refused(none, (o) => Object.setPrototypeOf(o, { inherited: "v" }) as unknown),
  "Reflect.setPrototypeOf": refused(none, (o) => Reflect.setPrototypeOf(o, Array.prototype)),
  "o[symbol] = v": refused(none, (o) => {
    (o as unknown as Record<symbol, string>)[Symbol("key")] = "v";
  }),
};
