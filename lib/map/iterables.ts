import { kindOf } from "../arguments/keys.js";
import { argumentError } from "../errors/argument-error.js";

/** What may be iterated: whoever does so checks each element before asking for the next, as there may be no end. */
export function iterable<T>(given: Iterable<T>, what: string): Iterable<T> {
  const value: unknown = given;
  // A string is iterable, too, by its characters: it is a single key where many were meant.
  if (typeof value === "object" && value !== null && Symbol.iterator in value) return given;
  throw argumentError(`${what}, not ${kindOf(value)}.`);
}

/** The entries that `setMany` is given. */
export function* entriesOf<V>(
  given: Iterable<readonly [string, V]>,
): Generator<readonly [string, V], void, undefined> {
  for (const entry of iterable<unknown>(given, "setMany takes an iterable of [key, value]")) {
    if (!Array.isArray(entry))
      throw argumentError(`setMany takes [key, value] entries, not ${kindOf(entry)}.`);
    yield entry as unknown as readonly [string, V];
  }
}
