import { inspect, types } from "node:util";
import {
  facadeOfMap,
  isFacade,
  isObject,
  leadsToFacade,
  mapOfFacade,
  rememberFacade,
} from "../global/facades.js";
import { kindOf } from "../arguments/kinds.js";
import { logEnd } from "../global/history.js";
import { OwnKeysListing } from "./own-keys-listing.js";
import { ownInternals } from "../map/internals.js";
import { answer, remember } from "./recent-listings.js";
import { argumentError } from "../errors/errors.js";
import type { SyncMap } from "../map/sync-map.js";

/** Exists in types only: the type of the map behind a bucket object. No object has this property. */
declare const mapBehindIt: unique symbol;

/**
 * A map as a plain object: every property is a key of the map. A missing property is
 * `undefined`, and assigning `undefined` is a TypeError.
 *
 * `M` is the type of the map that `asMap` returns, if it is known.
 */
export interface BucketObject<V, M = unknown> {
  readonly [mapBehindIt]?: M;
  [key: string]: V | undefined;
  // These names are ordinary keys. Without this declaration, TypeScript would assume the methods of Object.prototype, which the object does not have.
  constructor?: V | undefined;
  hasOwnProperty?: V | undefined;
  isPrototypeOf?: V | undefined;
  propertyIsEnumerable?: V | undefined;
  toLocaleString?: V | undefined;
  toString?: V | undefined;
  valueOf?: V | undefined;
}

/** What a facade needs of a map. A native `Map` has it. */
export interface Mapping<V> {
  get(key: string): V | undefined;
  // Not V: a map may accept more types than it returns. S3BucketMap accepts bytes even if it reads strings.
  set(key: string, value: never): unknown;
  has(key: string): boolean;
  delete(key: string): boolean;
  keys(): Iterable<string>;
}

/**
 * The facade over a map: it looks like a plain object whose properties are the map's keys.
 * No name is reserved: `then`, `toJSON` and `__proto__` are ordinary keys.
 *
 * Reading a property calls the map's `get`, assigning calls `set`, `in` calls `has`, and `delete` calls `delete`.
 * Listing the properties (`Object.keys`, `for…in`, spread) calls `keys`. {@link S3BucketMap} documents what they cost
 * in requests. For the same map, `asObject` always returns the same object.
 *
 * @throws TypeError if the argument is not a map
 * @example
 * const bucket = asObject(new S3BucketMap("my-bucket"));
 * bucket.testKey = "some value";
 */
export function asObject<V, M extends Mapping<V>>(map: M & Mapping<V>): BucketObject<V, M>;
export function asObject<V>(map: Mapping<V>): BucketObject<V>;
export function asObject(map: Mapping<unknown>): object {
  checkMap(map);
  let facade = facadeOfMap(map);
  if (facade === undefined) {
    facade = new Proxy(makeTarget(map), new Traps(map));
    rememberFacade(facade, map);
  }
  return facade;
}

/**
 * The map behind a facade, for what a property cannot express: options, bytes, `head`, `clear`, …
 *
 * @throws TypeError for any other object
 * @example
 * asMap(bucket).head("testKey")?.size;
 */
export function asMap<V, M>(object: BucketObject<V, M>): unknown extends M ? SyncMap<V> : M {
  const map = mapBehind(object);
  if (map !== undefined) return map as unknown extends M ? SyncMap<V> : M;
  throw argumentError(
    `asMap requires a bucket object (from s3Bucket or asObject), not ${kindOf(object)}. (A map needs no asMap. A copy such as {...bucket} is not a bucket object.)`,
  );
}

/** The map behind a facade, or undefined for anything else. */
export function mapBehind(value: unknown): Mapping<unknown> | undefined {
  return mapOfFacade(value) as Mapping<unknown> | undefined;
}

function checkMap(map: unknown): asserts map is Mapping<unknown> {
  if (typeof map !== "object" || map === null)
    throw argumentError(`asObject requires a map, not ${kindOf(map)}.`);
  if (isFacade(map)) throw argumentError("asObject requires a map, but this is already a bucket object.");
  if (leadsToFacade(map))
    throw argumentError("asObject requires a map, but this object inherits from a bucket object.");
  for (const method of ["get", "set", "has", "delete", "keys"]) {
    if (typeof (map as Record<string, unknown>)[method] !== "function") {
      throw argumentError(`asObject requires a map, but this object has no method ${method}.`);
    }
  }
}

// The REPL prints the target, so it holds only symbols and nothing that leads to the credentials. It has no
// Symbol.toStringTag: lodash and node:assert only accept a plain object with the tag "Object".
function makeTarget(map: object): object {
  const describe = (): string => `S3 bucket object over ${inspect(map)}`;
  const hidden = { configurable: true, enumerable: false, writable: false };
  return Object.create(null, {
    [inspect.custom]: { ...hidden, value: describe },
    [Symbol.toPrimitive]: {
      ...hidden,
      value: (hint: string) => (hint === "number" ? NaN : "[object S3Bucket]"),
    },
  }) as object;
}

/** Each trap calls the map. Symbols are looked up in the target, without a request. */
class Traps implements ProxyHandler<object> {
  readonly #map: Mapping<unknown>;
  /** Identifies the owner of a listing without keeping the map alive. */
  readonly #lister: object = {};

  constructor(map: Mapping<unknown>) {
    this.#map = map;
  }

  get(target: object, key: string | symbol): unknown {
    return typeof key === "symbol" ? Reflect.get(target, key) : this.#map.get(key);
  }

  set(target: object, key: string | symbol, value: unknown, receiver: unknown): boolean {
    if (mapOfFacade(receiver) !== this.#map) return setOwn(key, value, receiver);
    if (typeof key === "symbol")
      throw argumentError(`A key must be a string, not the symbol ${String(key)}.`);
    this.#map.set(key, value as never);
    return true;
  }

  has(target: object, key: string | symbol): boolean {
    return typeof key === "symbol" ? Reflect.has(target, key) : this.#map.has(key);
  }

  deleteProperty(_target: object, key: string | symbol): boolean {
    // A plain object does the same for a missing property.
    if (typeof key === "symbol") return true;
    this.#map.delete(key);
    return true;
  }

  ownKeys(): string[] {
    const begin = logEnd();
    const inner = ownInternals(this.#map);
    const keys = inner?.allKeys() ?? [...this.#map.keys()];
    // Writes to a map without a bucket are not logged, so its listing could not know about them.
    if (inner?.place !== undefined) remember(new OwnKeysListing(this.#lister, inner.place, keys, begin));
    inner?.hintReads(keys);
    return keys;
  }

  getOwnPropertyDescriptor(_target: object, key: string | symbol): PropertyDescriptor | undefined {
    // Symbols are not own properties, so a copy of the object does not have them.
    if (typeof key === "symbol") return undefined;
    return this.#isThere(key) ? this.#describe(key) : undefined;
  }

  defineProperty(_target: object, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    if (typeof key === "symbol")
      throw argumentError(`A key must be a string, not the symbol ${String(key)}.`);
    const cannot = (what: string): TypeError =>
      argumentError(`S3 cannot store ${JSON.stringify(key)} as ${what}.`);
    if ("get" in descriptor || "set" in descriptor) throw cannot("a getter or setter");
    for (const attribute of ["enumerable", "writable", "configurable"] as const) {
      if (descriptor[attribute] === false) throw cannot(`a property that is not ${attribute}`);
    }
    const hasValue = "value" in descriptor;
    const complete = descriptor.enumerable && descriptor.writable && descriptor.configurable;
    // An attribute that is left out keeps its value. In a new property it is false.
    if (!(hasValue && complete) && !this.#map.has(key)) {
      throw cannot(complete ? "undefined" : "a property that is not enumerable, writable and configurable");
    }
    if (hasValue) this.#map.set(key, descriptor.value as never);
    return true;
  }

  getPrototypeOf(): null {
    return null;
  }

  setPrototypeOf(_target: object, prototype: object | null): boolean {
    if (prototype === null) return true;
    throw argumentError(
      "A bucket object has no prototype and cannot get one, because each of its properties is a key.",
    );
  }

  isExtensible(): boolean {
    return true;
  }

  preventExtensions(): boolean {
    throw argumentError(
      "A bucket object cannot be frozen, sealed or closed to new keys, because other programs may write to the bucket. " +
        "Make a copy, such as { ...bucket }, and freeze that.",
    );
  }

  #isThere(key: string): boolean {
    return answer(this.#lister, key) ?? this.#map.has(key);
  }

  // An accessor, because a data descriptor would need the value: a request for each key.
  #describe(key: string): PropertyDescriptor {
    const map = this.#map;
    return {
      get: () => map.get(key),
      set: (value: unknown) => void map.set(key, value as never),
      enumerable: true,
      configurable: true,
    };
  }
}

/**
 * Assigns to a receiver other than the facade: an object that inherits from it gets a property of its own, as with any
 * prototype.
 */
function setOwn(key: string | symbol, value: unknown, receiver: unknown): boolean {
  // The receiver may be another facade, perhaps inside a Proxy. Its keys are accessors, which Reflect.set does not overwrite.
  if (isObject(receiver) && types.isProxy(receiver)) {
    const own = Reflect.getOwnPropertyDescriptor(receiver, key);
    if (own?.get !== undefined && own.set !== undefined) {
      return Reflect.defineProperty(receiver, key, { ...asAssigned, value });
    }
  }
  return Reflect.set(Object.create(null) as object, key, value, receiver);
}

const asAssigned = { enumerable: true, writable: true, configurable: true };
