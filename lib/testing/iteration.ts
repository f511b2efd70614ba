import { Buffer } from "node:buffer";
import type { SyncMap } from "../map/sync-map.js";
import { equal } from "./assertions.js";
import type { Suite } from "./options.js";

/** The contract of `keys`, `values`, `entries` and `forEach`. */
export function iterationContract(suite: Suite): void {
  const { describe, order, extended = true } = suite;
  const inOddOrder = ["z", "a", "B", "a/b", "a/", "aa", "10", "9", "ú", "\uffff", "😀"];
  const keys = suite.cannotList?.(inOddOrder) === true ? ["z", "a", "a/b", "a/", "aa"] : inOddOrder;
  const after = (start: string): string[] =>
    order(keys).filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(start)) > 0);
  const test: Suite["test"] = (what, run) =>
    suite.test(what, (map) => {
      for (const key of keys) map.set(key, `value of ${key}`);
      run(map);
    });

  describe("iteration", () => {
    test("returns keys, values and entries in one order", (map) => {
      const sortedKeys = order(keys);
      equal([...map.keys()], sortedKeys);
      equal(
        [...map.values()],
        sortedKeys.map((key) => `value of ${key}`),
      );
      equal(
        [...map.entries()],
        sortedKeys.map((key) => [key, `value of ${key}`]),
      );
      equal([...map], [...map.entries()]);
    });

    test("calls the callback of forEach with the value, key, map and thisArg", (map) => {
      const seen: unknown[] = [];
      const thisArg = {};
      map.forEach(function (this: unknown, value, key, of) {
        seen.push([value, key, of === map, this === thisArg]);
      }, thisArg);
      equal(
        seen,
        order(keys).map((key) => [`value of ${key}`, key, true, true]),
      );
    });

    test("can be left early and started again", (map) => {
      for (const key of map.keys()) {
        equal(key, order(keys)[0]);
        break;
      }
      equal([...map.keys()].length, keys.length);
    });

    for (const method of ["entries", "values"] as const) {
      test(`${method} return what the program has written since the loop began`, (map) =>
        writesMeanwhile(map, method, order));
    }

    test("continues while the keys that it returns are deleted", (map) => {
      const seen: string[] = [];
      for (const key of map.keys()) {
        seen.push(key);
        map.delete(key);
      }
      equal(seen, order(keys));
      equal(map.size, 0);
    });

    if (!extended) return;

    test("accepts a prefix", (map) => {
      equal([...map.keys({ prefix: "a" })], ["a", "a/", "a/b", "aa"]);
      equal(
        [...map.entries({ prefix: "a/" })].map(([key]) => key),
        ["a/", "a/b"],
      );
      equal([...map.keys({ prefix: "nothing" })], []);
    });

    test("accepts a key to start after, which need not exist", (map) => {
      for (const start of ["a/b", "a0", "z"]) {
        equal([...map.keys({ startAfter: start })], after(start));
        equal(
          [...map.values({ startAfter: start })],
          after(start).map((key) => `value of ${key}`),
        );
      }
    });

    test("accepts a limit", (map) => {
      equal([...map.keys({ limit: 3 })], order(keys).slice(0, 3));
      equal([...map.keys({ limit: 0 })], []);
      equal([...map.keys({ prefix: "a", startAfter: "a", limit: 2 })], ["a/", "a/b"]);
    });
  });
}

function writesMeanwhile(map: SyncMap<string>, method: "entries" | "values", order: Suite["order"]): void {
  const letters = order("abcdefghijkl");
  for (const key of letters) map.set(key, `old ${key}`);
  const seen: string[] = [];
  for (const given of map[method]()) {
    const value = typeof given === "string" ? given : given[1];
    const at = letters.findIndex((key) => value.endsWith(` ${key}`) && !value.startsWith("value"));
    if (at === -1) continue;
    seen.push(value);
    if (at % 4 === 2) map.delete(letters[at + 1]!);
    else if (at + 1 < letters.length) map.set(letters[at + 1]!, `new ${letters[at + 1]!}`);
  }
  // The key after a deleted key was not written.
  const expected = letters.flatMap((key, at) =>
    at % 4 === 3 ? [] : [`${at % 4 === 0 ? "old" : "new"} ${key}`],
  );
  equal(seen, expected);
}
