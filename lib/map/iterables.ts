import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";

/** Maps an iterable lazily. */
export function* mapped<T, R>(given: Iterable<T>, make: (one: T) => R): Generator<R, void, undefined> {
  for (const one of given) yield make(one);
}

/** @throws TypeError for something that is not iterable, and for a string, which is a single key */
export function iterable<T>(given: Iterable<T>, what: string): Iterable<T> {
  const value: unknown = given;
  if (typeof value === "object" && value !== null && Symbol.iterator in value) return given;
  throw argumentError(`${what}, not ${kindOf(value)}.`);
}

/**
 * The entries given to `setMany`. Each is checked before the next is requested, because the iterable may be infinite.
 */
export function checkedEntries<V>(
  given: Iterable<readonly [string, V]>,
): Generator<readonly [string, V], void, undefined> {
  return mapped(
    iterable(given, "setMany requires an iterable of [key, value], such as Object.entries(object)"),
    (entry) => {
      if (Array.isArray(entry)) return entry;
      throw argumentError(`setMany requires [key, value] entries, not ${kindOf(entry)}.`);
    },
  );
}
