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
 * Tests a map, or a layer over one, against the contract of {@link SyncMap}: some 70 tests of the kind that the library runs on
 * its own. It needs no test framework: it is given the `describe` and `it` of one, and its tests throw `node:assert`'s errors.
 * They block, each for as long as its calls.
 *
 * Each test begins with the map that `make` returns, empties it and closes it. If that map has keys, the test fails and
 * deletes nothing.
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
        // What the test found says more than what its map does afterwards.
        attempt(end);
        throw error;
      }
      end();
    });
  }

  function testListing(what: string, keys: readonly string[], run: (map: SyncMap<string>) => void): void {
    if (options.cannotList?.(keys) !== true) test(what, run);
    else test(`${what}: is refused, and nothing is deleted`, (map) => refusesListing(map, keys));
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
      throw new TypeError(`contract needs { describe, it, make }, three functions: ${name} is missing.`);
  }
}

function isEmpty(map: SyncMap<string>): void {
  for (const key of map.keys({ limit: 1 })) {
    assert.fail(`make must return an empty map: it has the key ${JSON.stringify(key)}. Nothing was deleted.`);
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The map is broken, as the test has found.
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
    test("gives undefined for a key that is not there", (map) => {
      equal(map.get("missing"), undefined);
    });

    test("gives what was set, and set returns the map", (map) => {
      assert.strictEqual(map.set("key", "value"), map);
      equal(map.get("key"), "value");
    });

    test("gives the last value that was set", (map) => {
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

    test("keeps every odd key apart from every other", (map) => {
      for (const key of oddKeys) map.set(key, `value of ${key}`);
      for (const key of oddKeys) equal([key, map.get(key), map.has(key)], [key, `value of ${key}`, true]);
      for (const key of oddKeys) map.delete(key);
      for (const key of oddKeys) equal([key, map.has(key)], [key, false]);
      equal([...map.keys()], []);
    });

    testListing("lists every odd key", oddKeys, (map) => {
      for (const key of oddKeys) map.set(key, `value of ${key}`);
      equal([...map.keys()], order(oddKeys));
    });
  });

  describe("has", () => {
    test("tells a key that is there from one that is not, or no more", (map) => {
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
    test("makes the key go, and no other", (map) => {
      map.set("a", "1").set("ab", "2");
      equal(map.delete("a"), true);
      equal(map.get("a"), undefined);
      equal([...map.entries()], [["ab", "2"]]);
    });

    test("takes a key that is not there", (map) => {
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
