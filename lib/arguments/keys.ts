import { types } from "node:util";
import { isFacade } from "../copies/facades.js";
import { dataProperty } from "./data-property.js";
import { argumentError } from "../errors/errors.js";

/** Bytes of UTF-8, prefix included. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const MAX_KEY_BYTES = 1024;

/**
 * The whole key of a map's key, checked before anything is sent.
 *
 * @throws TypeError where S3 could not keep the key exactly as it is
 */
export function wholeKey(prefix: string, key: unknown): string {
  if (typeof key !== "string") throw argumentError(`A key must be a string, not ${kindOf(key)}.`);
  const whole = prefix + key;
  // A string of at most a third of the limit fits whatever it holds.
  if (whole.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(whole) > MAX_KEY_BYTES) {
    throw argumentError(
      `A key may have at most ${MAX_KEY_BYTES} bytes of UTF-8, with its prefix; ${shorten(whole)} has ${Buffer.byteLength(whole)}.`,
    );
  }
  if (whole === "") throw argumentError("A key may not be empty, unless the map has a prefix.");
  if (!whole.isWellFormed()) {
    throw argumentError(`The key ${shorten(whole)} has a lone surrogate, for which there is no UTF-8.`);
  }
  return whole;
}

/** A prefix is the beginning of a key, and may be empty. */
export function checkPrefix(prefix: unknown, what = "The prefix"): string {
  if (typeof prefix !== "string") throw argumentError(`${what} must be a string, not ${kindOf(prefix)}.`);
  if (!prefix.isWellFormed())
    throw argumentError(`${what} has a lone surrogate, for which there is no UTF-8.`);
  if (Buffer.byteLength(prefix) > MAX_KEY_BYTES) {
    throw argumentError(`${what} has more than the ${MAX_KEY_BYTES} bytes that a key may have.`);
  }
  return prefix;
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  // Before any property is looked at: to look at one of a facade reads a key.
  if (types.isProxy(value)) return isFacade(value) ? "a bucket's object" : "a Proxy";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") {
    const given = dataProperty(dataProperty(value, "constructor"), "name");
    const name = typeof given === "string" ? given : "";
    return name === "" || name === "Object" ? "an object" : `a ${name}`;
  }
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return `the ${typeof value} ${value as string | number}`;
}

function shorten(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 57)}…` : key);
}
