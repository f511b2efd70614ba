import assert from "node:assert";

/**
 * Compares values made of strings, numbers, booleans, arrays and plain objects. A test framework may run the tests in
 * another realm than the map. Then the prototypes of arrays and objects differ.
 */
export function equal(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(inThisRealm(actual), inThisRealm(expected));
}

/** Compares only the expected properties. */
export function matches(actual: object | undefined, expected: object): void {
  assert.ok(actual !== undefined, "the value is undefined");
  const asked = Object.keys(expected).map((name) => [name, (actual as Record<string, unknown>)[name]]);
  equal(Object.fromEntries(asked), expected);
}

/** Checks that a time is within an hour of now. The clock of a service may be wrong. */
export function isRecent(date: Date): void {
  const ms = Math.abs(date.getTime() - Date.now());
  assert.ok(ms < 3_600_000, `${String(date)} is not the time of the write`);
}

interface ExpectedError {
  name?: string;
  code?: string;
  message?: RegExp;
}

export const typeError: ExpectedError = { name: "TypeError" };

export function throws(use: () => unknown, { name, code, message }: ExpectedError): void {
  let result: unknown;
  try {
    result = use();
  } catch (thrown) {
    const error = thrown as { name?: unknown; code?: unknown; message?: unknown };
    const wanted = { ...(name === undefined ? {} : { name }), ...(code === undefined ? {} : { code }) };
    const given = Object.fromEntries(Object.keys(wanted).map((key) => [key, error[key as "name" | "code"]]));
    assert.deepStrictEqual(given, wanted, describe(wanted, thrown));
    if (message !== undefined) assert.match(String(error.message), message);
    return;
  }
  assert.fail(
    `Expected ${name ?? code ?? String(message)} to be thrown, but ${String(result)} was returned.`,
  );
}

function describe(wanted: object, thrown: unknown): string {
  return `Expected ${JSON.stringify(wanted)} to be thrown, but this was thrown: ${String(thrown)}`;
}

function inThisRealm(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, inThisRealm);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inThisRealm(part)]));
}
