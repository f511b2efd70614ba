import { argumentError } from "../../errors/errors.js";
import { liveArray } from "./array-methods.js";
import { nodeOf } from "./owner.js";
import type { Owner } from "./owner.js";
import { ALL } from "./paths.js";

/**
 * The traps of the objects and arrays of one document. The target is the plain object, which is what inspecting shows.
 */
export class Traps implements ProxyHandler<object> {
  readonly #owner: Owner;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    this.#read(target, key);
    if (Object.hasOwn(target, key)) return this.#owner.view(Reflect.get(target, key));
    return Reflect.get(Array.isArray(target) ? liveArray : target, key, receiver);
  }

  set(target: object, key: string | symbol, value: unknown, receiver: unknown): boolean {
    // The receiver only inherits from this object, so it gets its own property.
    if (nodeOf(receiver)?.plain !== target)
      return Reflect.set(Object.create(null) as object, key, value, receiver);
    if (Array.isArray(target) && key === "length") return this.#setLength(target, value);
    if (key === "__proto__" && !Object.hasOwn(target, key))
      return this.setPrototypeOf(target, value as object);
    this.#owner.change(target, { do: "set", key, value: this.#owner.plain(value) });
    return true;
  }

  has(target: object, key: string | symbol): boolean {
    this.#read(target, key);
    return Reflect.has(target, key);
  }

  deleteProperty(target: object, key: string | symbol): boolean {
    if (Array.isArray(target) && key === "length") return false;
    this.#owner.change(target, { do: "delete", key });
    return true;
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#owner.sync();
    this.#owner.noteRead(target, Array.isArray(target) ? "length" : ALL);
    return Reflect.ownKeys(target);
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    this.#read(target, key);
    const property = Reflect.getOwnPropertyDescriptor(target, key);
    return property && { ...property, value: this.#owner.view(property.value) };
  }

  defineProperty(target: object, key: string | symbol, property: PropertyDescriptor): boolean {
    const isThere = Object.hasOwn(target, key);
    const name = typeof key === "string" ? JSON.stringify(key) : String(key);
    const cannot = (what: string): TypeError =>
      argumentError(`A live document cannot keep ${name} as ${what}. Store its value.`);
    if ("get" in property || "set" in property) throw cannot("a getter or setter");
    const isLength = Array.isArray(target) && key === "length";
    for (const attribute of ["enumerable", "writable", "configurable"] as const) {
      // An attribute that is left out stays as it is, or is false in a new property.
      const wanted = property[attribute] ?? isThere;
      if (!wanted && !isLength) throw cannot(`a property that is not ${attribute}`);
    }
    if (isLength && property.writable === false) throw cannot("a property that is not writable");
    if (!("value" in property)) return true;
    if (isLength) return this.#setLength(target, property.value);
    this.#owner.change(target, { do: "set", key, value: this.#owner.plain(property.value) });
    return true;
  }

  setPrototypeOf(target: object, prototype: object | null): boolean {
    if (prototype === Reflect.getPrototypeOf(target)) return true;
    throw argumentError("Cannot change the prototype of a live document, because only plain data is stored.");
  }

  preventExtensions(): boolean {
    throw argumentError(
      "A live document cannot be frozen, sealed or made non-extensible, because other programs may write to it. " +
        "Freeze a copy instead, such as { ...bucket.user }.",
    );
  }

  // A missing field counts as read, too. A property of the prototype does not.
  #read(target: object, key: string | symbol): void {
    this.#owner.sync();
    if (Object.hasOwn(target, key) || !(key in target)) this.#owner.noteRead(target, key);
  }

  #setLength(target: unknown[], value: unknown): boolean {
    const length = Number(value);
    if (length >>> 0 !== length) throw new RangeError("Invalid array length");
    this.#owner.change(target, { do: "length", length });
    return true;
  }
}
