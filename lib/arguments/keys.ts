import { kindOf, shorten } from "./kinds.js";
import { argumentError } from "../errors/errors.js";

/** Bytes of UTF-8, including the prefix. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const MAX_KEY_BYTES = 1024;

/** S3 returns at most this many keys on a page, and deletes at most this many in one request. */
export const MAX_KEYS_AT_ONCE = 1000;

/**
 * Joins a map's prefix and a key.
 *
 * @throws TypeError for a key that S3 could not store exactly as it is
 */
export function wholeKey(prefix: string, key: unknown): string {
  if (typeof key !== "string") throw argumentError(`A key must be a string, not ${kindOf(key)}.`);
  const whole = prefix + key;
  // A UTF-16 unit takes at most three bytes, so the bytes of most keys need not be counted.
  if (whole.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(whole) > MAX_KEY_BYTES) {
    throw argumentError(
      `A key can have at most ${MAX_KEY_BYTES} bytes in UTF-8, including the prefix, but ${shorten(whole)} has ${Buffer.byteLength(whole)}.`,
    );
  }
  if (whole === "") throw argumentError("A key must not be empty, unless the map has a prefix.");
  if (!whole.isWellFormed()) {
    throw argumentError(`The key ${shorten(whole)} has a lone surrogate, which UTF-8 cannot encode.`);
  }
  return whole;
}

/** A prefix is the beginning of a key, and may be empty. */
export function checkPrefix(prefix: unknown, what = "The prefix"): string {
  if (typeof prefix !== "string") throw argumentError(`${what} must be a string, not ${kindOf(prefix)}.`);
  if (!prefix.isWellFormed()) throw argumentError(`${what} has a lone surrogate, which UTF-8 cannot encode.`);
  if (Buffer.byteLength(prefix) > MAX_KEY_BYTES) {
    throw argumentError(`${what} has more than ${MAX_KEY_BYTES} bytes, the maximum for a key.`);
  }
  return prefix;
}
