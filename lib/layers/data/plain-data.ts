import { types } from "node:util";
import { kindOf, shorten } from "../../arguments/kinds.js";
import { argumentError } from "../../errors/errors.js";

/** A deeper value would exhaust the stack. */
export const MAX_DEPTH = 1000;

/**
 * Tracks the path, as in `.user.tags[3]`, while a layer checks a value part by part. Creates the errors of that check.
 */
export class Walk {
  readonly #layer: string;
  readonly #key: string;
  readonly #path: (string | number)[] = [];

  /** @param key - the full key of the value */
  constructor(layer: string, key: string) {
    this.#layer = layer;
    this.#key = key;
  }

  /** Visits the value at a key. */
  into(key: string | number, visit: () => void): void {
    this.#path.push(key);
    if (this.#path.length > MAX_DEPTH)
      throw this.refuse(`more than ${MAX_DEPTH} levels`, "Store parts of it under separate keys.");
    visit();
    this.#path.pop();
  }

  refuse(what: string, advice: string): TypeError {
    const where = this.#path.length === 0 ? "" : `, at ${showPath(this.#path)}`;
    const of = `The key is ${shorten(this.#key)}.`;
    return argumentError(`${this.#layer} cannot keep ${what}${where}. ${advice} ${of}`);
  }

  /** The own properties of an object. @throws TypeError for a symbol, a getter or a property that is not enumerable */
  properties(object: object): [string, unknown][] {
    const isArray = Array.isArray(object);
    const found: [string, unknown][] = [];
    for (const key of Reflect.ownKeys(object)) {
      if (isArray && key === "length") continue;
      if (typeof key === "symbol")
        throw this.refuse(`a property whose key is a symbol (${String(key)})`, "Use a string as the key.");
      const property = Reflect.getOwnPropertyDescriptor(object, key);
      if (property === undefined) continue;
      const named = isArray && isIndex(key) ? Number(key) : key;
      if (!("value" in property))
        this.into(named, () => {
          throw this.refuse("a getter or setter", "Store its value.");
        });
      if (property.enumerable !== true)
        this.into(named, () => {
          throw this.refuse("a property that is not enumerable", "Leave it out, or make it enumerable.");
        });
      found.push([key, property.value]);
    }
    return found;
  }
}

/** Like {@link kindOf}, but also names instances of classes and objects without a prototype. */
export function nameOf(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    if (types.isProxy(value)) return kindOf(value);
    if (Reflect.getPrototypeOf(value) === null) return "an object without a prototype";
    const kind = kindOf(value);
    return kind === "an object" ? "an object of a class" : kind;
  }
  return kindOf(value);
}

export function isIndex(key: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}

/** Formats a path, as in `.user.tags[3]`. */
export function showPath(path: readonly PropertyKey[]): string {
  const shown = path.length > 12 ? [...path.slice(0, 8), "…", ...path.slice(-3)] : path;
  return shown
    .map((key) => {
      if (typeof key !== "string") return `[${String(key)}]`;
      return /^[\p{L}_$…][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join("");
}
