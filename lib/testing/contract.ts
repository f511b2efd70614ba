import assert from "node:assert";
import type { SyncMap } from "../map/sync-map.js";
import { equal, throws } from "./assertions.js";
import { badInputContract } from "./bad-input.js";
import { conditionsContract } from "./conditions.js";
import { extendedContract } from "./extended.js";
import { iterationContract } from "./iteration.js";
import { listContract } from "./list.js";
import { inUtf8Order, oddKeys } from "./odd-keys.js";
import type { ContractOptions, Suite } from "./options.js";

/**
 * Tests a map, or a layer over one, against the contract of {@link SyncMap}, by about 70 tests. They are also the
 * tests of the library's own maps. `contract` depends on no test framework: you pass it the `describe` and `it` of
 * yours. A test that fails throws an error of `node:assert`. Each test blocks the thread while its calls wait.
 *
 * Each test uses the map that `make` returns, and empties and closes it at the end. If that map has keys at the
 * beginning, the test fails and deletes nothing.
 *
 * @example
 * const { describe, it } = require("node:test"); // or Vitest's, or Jest's globals
 * contract({ describe, it, make: () => myLayer(new S3BucketMap("bucket", { local: ":memory:" })) });
 */
export function contract(options: ContractOptions): void {
  check(options);
  const suite: Suite = { ...options, test, testListing, order };
  const { describe, it, extended = true, sorted = true, strict = true } = options;

  function order(keys: Iterable<string>): string[] {
    return sorted ? inUtf8Order(keys) : [...keys];
  }

  function test(what: string, run: (map: SyncMap<string>) => void): void {
    it(what, () => {
      const map = options.make();
      if (extended) isEmpty(map);
      const end = (): void => {
        if (!extended) return;
        map.clear();
        map.close();
      };
      try {
        run(map);
      } catch (error) {
        // The error of the test says more than an error that follows from it.
        attempt(end);
        throw error;
      }
      end();
    });
  }

  function testListing(what: string, keys: readonly string[], run: (map: SyncMap<string>) => void): void {
    if (options.cannotList?.(keys) !== true) test(what, run);
    else test(`${what}: throws BadListing, and deletes nothing`, (map) => refusesListing(map, keys));
  }

  describe(`SyncMap: ${options.name ?? "contract"}`, () => {
    singleKeysContract(suite);
    iterationContract(suite);
    if (extended) extendedContract(suite);
    if (options.withoutConditions !== undefined) {
      test(`has no create, update and list: ${options.withoutConditions}`, (map) => {
        equal(
          ["create", "update", "list"].filter((method) => method in map),
          [],
        );
      });
    } else {
      conditionsContract(suite);
      listContract(suite);
    }
    if (strict) badInputContract(suite);
  });
}

function check(options: ContractOptions): void {
  for (const name of ["describe", "it", "make"] as const) {
    const given: unknown = (options as Partial<ContractOptions> | undefined)?.[name];
    if (typeof given !== "function")
      throw new TypeError(
        `contract requires { describe, it, make }, three functions, but ${name} is missing.`,
      );
  }
}

function isEmpty(map: SyncMap<string>): void {
  for (const key of map.keys({ limit: 1 })) {
    assert.fail(
      `make must return an empty map, but this map has the key ${JSON.stringify(key)}. Nothing was deleted.`,
    );
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The test has already shown that the map does not work.
  }
}

function refusesListing(map: SyncMap<string>, keys: readonly string[]): void {
  const bad = { code: "BadListing" };
  map.setMany(keys.map((key) => [key, key] as const));
  throws(() => [...map.keys()], bad);
  throws(() => [...map.values()], bad);
  throws(() => [...map.list()], bad);
  throws(() => map.size, bad);
  throws(() => map.clear(), bad);
  equal(
    [...map.getMany(keys)],
    keys.map((key) => [key, key]),
  );
  map.deleteMany(keys);
}

function singleKeysContract({ describe, test, testListing, order, deleteMissing = true }: Suite): void {
  describe("get and set", () => {
    test("returns undefined for a missing key", (map) => {
      equal(map.get("missing"), undefined);
    });

    test("returns what was set, and set returns the map", (map) => {
      assert.strictEqual(map.set("key", "value"), map);
      equal(map.get("key"), "value");
    });

    test("returns the last value that was set", (map) => {
      map.set("key", "first").set("key", "a longer second").set("key", "3");
      equal(map.get("key"), "3");
    });

    for (const [what, value] of [
      ["an empty string", ""],
      ["a line", "line\n"],
      ["line ends and NUL", "\r\n\0\r"],
      ["a byte order mark", "\ufeffvalue"],
      ["more than ASCII", "ú 語 😀 \uffff"],
      ["100,000 characters", "ab😀".repeat(25_000)],
    ] as const) {
      test(`keeps ${what} exactly`, (map) => {
        map.set("key", value);
        equal(map.get("key"), value);
      });
    }

    test("keeps all unusual keys apart from each other", (map) => {
      for (const key of oddKeys) map.set(key, `value of ${key}`);
      for (const key of oddKeys) equal([key, map.get(key), map.has(key)], [key, `value of ${key}`, true]);
      for (const key of oddKeys) map.delete(key);
      for (const key of oddKeys) equal([key, map.has(key)], [key, false]);
      equal([...map.keys()], []);
    });

    testListing("lists every unusual key", oddKeys, (map) => {
      for (const key of oddKeys) map.set(key, `value of ${key}`);
      equal([...map.keys()], order(oddKeys));
    });
  });

  describe("has", () => {
    test("returns whether a key exists, before and after it is deleted", (map) => {
      equal(map.has("key"), false);
      map.set("key", "");
      equal(map.has("key"), true);
      equal(map.has("ke"), false);
      equal(map.has("key/"), false);
      map.delete("key");
      equal(map.has("key"), false);
    });
  });

  describe("delete", () => {
    test("deletes the key, and no other", (map) => {
      map.set("a", "1").set("ab", "2");
      equal(map.delete("a"), true);
      equal(map.get("a"), undefined);
      equal([...map.entries()], [["ab", "2"]]);
    });

    test("accepts a missing key", (map) => {
      equal(map.delete("missing"), deleteMissing);
    });
  });

  describe("clear and size", () => {
    test("counts the keys, and deletes them all", (map) => {
      equal(map.size, 0);
      for (const key of ["a", "b/c", "b/d", "ú", "\u0001"]) map.set(key, key);
      equal(map.size, 5);
      map.clear();
      equal(map.size, 0);
      equal([...map], []);
    });
  });
}
