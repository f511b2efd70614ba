import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as fc from "fast-check";
import { S3BucketMap } from "../lib/index.js";
import { inUtf8Order } from "./support/map-under-test.js";
import { sized } from "./support/size.js";

// The same program on an S3BucketMap and on a native Map gives the same. Two things differ, as documented: the
// order of the keys, which is that of their UTF-8 bytes, and `delete`, which is always true.

type StringMap = Map<string, string>;

const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-parity-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
function pair(): [ours: StringMap, native: StringMap] {
  // As far as a program can see that keeps to Map's methods.
  const ours = new S3BucketMap("bucket", { local: directory, prefix: `${count++}/` });
  return [ours as unknown as StringMap, new Map()];
}

/** Entries, in the order that ours has. */
function sorted(map: Iterable<[string, string]>): [string, string][] {
  const values = new Map(map);
  return inUtf8Order(values.keys()).map((key) => [key, values.get(key)!]);
}

const keys = fc.constantFrom(
  "a",
  "b",
  "aa",
  "",
  "__proto__",
  "size",
  "get",
  "1",
  "10",
  "9",
  "ú",
  "😀",
  "\uffff",
);
const values = fc.constantFrom("", "1", "two", "\0", "😀");

/** What a program does, and its result in a form without order. */
interface Step {
  name: string;
  run: (map: StringMap) => unknown;
}
const step = (name: string, run: (map: StringMap) => unknown): Step => ({ name, run });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(keys, values).map(([k, v]) => step(`set ${k}`, (map) => map.set(k, v) === map)),
  fc.tuple(keys, keys).map(([a, b]) => step(`set ${a}, ${b}`, (map) => map.set(a, "a").set(b, "b") === map)),
  keys.map((k) => step(`get ${k}`, (map) => map.get(k))),
  keys.map((k) => step(`has ${k}`, (map) => map.has(k))),
  keys.map((k) => step(`delete ${k}`, (map) => typeof map.delete(k))),
  fc.constantFrom(
    step("clear", (map) => map.clear()),
    step("size", (map) => map.size),
    step("keys", (map) => inUtf8Order([...map.keys()])),
    step("values", (map) => [...map.values()].sort()),
    step("entries", (map) => sorted(map.entries())),
    step("iterate", (map) => sorted([...map])),
    step("Array.from", (map) => sorted(Array.from(map))),
    step("new Map of it", (map) => sorted(new Map(map))),
    step("Object.fromEntries", (map) => sorted(Object.entries(Object.fromEntries(map)))),
    step("destructure the first", (map) => {
      const [first] = map;
      return typeof first;
    }),
    step("forEach", (map) => {
      const seen: [string, string][] = [];
      map.forEach(function (this: unknown, value, key, of) {
        if (of === map && this === undefined) seen.push([key, value]);
      });
      return sorted(seen);
    }),
    step("delete all on the way", (map) => {
      const seen: string[] = [];
      for (const [key] of map) {
        seen.push(key);
        map.delete(key);
      }
      return [inUtf8Order(seen), map.size];
    }),
    step("overwrite all on the way", (map) => {
      for (const key of map.keys()) map.set(key, `${key} again`);
      return sorted(map);
    }),
  ),
);

describe("S3BucketMap, next to a native Map", () => {
  it("gives the same in random programs", () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 12 }), (program) => {
        const [ours, native] = pair();
        for (const { name, run } of program) expect([name, run(ours)]).toEqual([name, run(native)]);
        expect(sorted(ours)).toEqual(sorted(native));
      }),
      { numRuns: sized(150, 1000) },
    );
  }, 300_000);

  const kindOf = (map: StringMap, name: keyof StringMap): string => typeof Reflect.get(map, name);

  it("has all of Map's methods, of the same kind", () => {
    const [ours] = pair();
    for (const name of Reflect.ownKeys(Map.prototype) as (keyof StringMap)[]) {
      if (name === ("constructor" as string)) continue;
      // Newer than the Node that this library begins with.
      if (["getOrInsert", "getOrInsertComputed"].includes(String(name))) continue;
      expect([name, kindOf(ours, name)]).toEqual([name, kindOf(new Map(), name)]);
    }
    expect(ours[Symbol.toStringTag]).toBe("S3BucketMap");
  });

  it.each(["keys", "values", "entries", Symbol.iterator] as const)(
    "%p() gives an iterator that is iterable, ends for good, and can be left",
    (method) => {
      for (const map of pair()) {
        map.set("a", "1").set("b", "2").set("c", "3");
        const iterator = map[method]() as IterableIterator<unknown>;
        expect(iterator[Symbol.iterator]()).toBe(iterator);
        expect(iterator.next().done).toBe(false);
        expect([...iterator]).toHaveLength(2);
        expect([iterator.next(), iterator.next()]).toEqual([
          { value: undefined, done: true },
          { value: undefined, done: true },
        ]);
        // Two at a time do not disturb each other.
        const [one, other] = [map.keys(), map.keys()];
        one.next();
        expect([[...one], [...other]]).toEqual([
          ["b", "c"],
          ["a", "b", "c"],
        ]);
      }
    },
  );

  it("forEach stops at what its callback throws, and refuses what is no function", () => {
    for (const map of pair()) {
      map.set("a", "1").set("b", "2");
      const seen: string[] = [];
      expect(() =>
        map.forEach((_value, key) => {
          seen.push(key);
          throw new RangeError("enough");
        }),
      ).toThrow(RangeError);
      expect(seen).toEqual(["a"]);
      expect(() => map.forEach(undefined as never)).toThrow(TypeError);
    }
  });

  it("differs in order and in what delete says, as documented", () => {
    const [ours, native] = pair();
    for (const map of [ours, native]) map.set("b", "1").set("a", "2").set("b", "3");
    expect([...native.keys()]).toEqual(["b", "a"]);
    expect([...ours.keys()]).toEqual(["a", "b"]);
    expect([native.delete("missing"), ours.delete("missing")]).toEqual([false, true]);
  });
});
