import type { SyncMap } from "../../lib/index.js";
import { conditionsSuite } from "./conditions-suite.js";
import { listing, listSuite } from "./list-suite.js";
import { inUtf8Order, oddKeys } from "./map-under-test.js";
import type { MapUnderTest } from "./map-under-test.js";

/** The written contract of `SyncMap`, as specs. */
export function syncMapSuite(name: string, under: MapUnderTest): void {
  const { sorted = true, extended = true, strict = true, deleteMissing = true } = under;
  const order = (keys: Iterable<string>): string[] => (sorted ? inUtf8Order(keys) : [...keys]);

  describe(`SyncMap: ${name}`, () => {
    let map: SyncMap<string>;
    const itLists = listing(() => map, under);
    beforeEach(() => {
      map = under.make();
    });
    afterEach(() => {
      if (!extended) return;
      map.clear();
      map.close();
    });

    describe("get and set", () => {
      it("gives undefined for a key that is not there", () => {
        expect(map.get("missing")).toBeUndefined();
      });

      it("gives what was set, and set returns the map", () => {
        expect(map.set("key", "value")).toBe(map);
        expect(map.get("key")).toBe("value");
      });

      it("gives the last value that was set", () => {
        map.set("key", "first").set("key", "a longer second").set("key", "3");
        expect(map.get("key")).toBe("3");
      });

      it.each([
        ["an empty string", ""],
        ["a line", "line\n"],
        ["line ends and NUL", "\r\n\0\r"],
        ["a byte order mark", "\ufeffvalue"],
        ["more than ASCII", "ú 語 😀 \uffff"],
        ["100,000 characters", "ab😀".repeat(25_000)],
      ])("keeps %s exactly", (_what, value) => {
        map.set("key", value);
        expect(map.get("key")).toBe(value);
      });

      it("keeps every odd key apart from every other", () => {
        for (const key of oddKeys) map.set(key, `value of ${key}`);
        for (const key of oddKeys) {
          expect([key, map.get(key), map.has(key)]).toEqual([key, `value of ${key}`, true]);
        }
        for (const key of oddKeys) map.delete(key);
        for (const key of oddKeys) expect([key, map.has(key)]).toEqual([key, false]);
        expect([...map.keys()]).toEqual([]);
      });

      itLists("lists every odd key", oddKeys, () => {
        for (const key of oddKeys) map.set(key, `value of ${key}`);
        expect([...map.keys()]).toEqual(order(oddKeys));
      });
    });

    describe("has", () => {
      it("tells a key that is there from one that is not, or no more", () => {
        expect(map.has("key")).toBe(false);
        map.set("key", "");
        expect(map.has("key")).toBe(true);
        expect(map.has("ke")).toBe(false);
        expect(map.has("key/")).toBe(false);
        map.delete("key");
        expect(map.has("key")).toBe(false);
      });
    });

    describe("delete", () => {
      it("makes the key go, and no other", () => {
        map.set("a", "1").set("ab", "2");
        expect(map.delete("a")).toBe(true);
        expect(map.get("a")).toBeUndefined();
        expect([...map.entries()]).toEqual([["ab", "2"]]);
      });

      it("takes a key that is not there", () => {
        expect(map.delete("missing")).toBe(deleteMissing);
      });
    });

    describe("clear and size", () => {
      it("counts the keys, and deletes them all", () => {
        expect(map.size).toBe(0);
        for (const key of ["a", "b/c", "b/d", "ú", "\u0001"]) map.set(key, key);
        expect(map.size).toBe(5);
        map.clear();
        expect(map.size).toBe(0);
        expect([...map]).toEqual([]);
      });
    });

    describe("iteration", () => {
      const inOddOrder = ["z", "a", "B", "a/b", "a/", "aa", "10", "9", "ú", "\uffff", "😀"];
      const keys = under.cannotList?.(inOddOrder) === true ? ["z", "a", "a/b", "a/", "aa"] : inOddOrder;
      const after = (start: string): string[] =>
        order(keys).filter((key) => Buffer.compare(Buffer.from(key), Buffer.from(start)) > 0);
      beforeEach(() => {
        for (const key of keys) map.set(key, `value of ${key}`);
      });

      it("gives keys, values and entries in one order", () => {
        const sortedKeys = order(keys);
        expect([...map.keys()]).toEqual(sortedKeys);
        expect([...map.values()]).toEqual(sortedKeys.map((key) => `value of ${key}`));
        expect([...map.entries()]).toEqual(sortedKeys.map((key) => [key, `value of ${key}`]));
        expect([...map]).toEqual([...map.entries()]);
      });

      it("calls back with value, key, map and thisArg", () => {
        const seen: unknown[] = [];
        const thisArg = {};
        map.forEach(function (this: unknown, value, key, of) {
          seen.push([value, key, of === map, this === thisArg]);
        }, thisArg);
        expect(seen).toEqual(order(keys).map((key) => [`value of ${key}`, key, true, true]));
      });

      it("can be left early and begun anew", () => {
        for (const key of map.keys()) {
          expect(key).toBe(order(keys)[0]);
          break;
        }
        expect([...map.keys()]).toHaveLength(keys.length);
      });

      it.each(["entries", "values"] as const)("%s give what the program wrote since they began", (method) => {
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
        // After a deleted key comes one that nobody wrote to.
        const expected = letters.flatMap((key, at) =>
          at % 4 === 3 ? [] : [`${at % 4 === 0 ? "old" : "new"} ${key}`],
        );
        expect(seen).toEqual(expected);
      });

      it("goes on over keys that are deleted on the way", () => {
        const seen: string[] = [];
        for (const key of map.keys()) {
          seen.push(key);
          map.delete(key);
        }
        expect(seen).toEqual(order(keys));
        expect(map.size).toBe(0);
      });

      if (!extended) return;

      it("takes a prefix", () => {
        expect([...map.keys({ prefix: "a" })]).toEqual(["a", "a/", "a/b", "aa"]);
        expect([...map.entries({ prefix: "a/" })].map(([key]) => key)).toEqual(["a/", "a/b"]);
        expect([...map.keys({ prefix: "nothing" })]).toEqual([]);
      });

      it("takes a key to start after, which need not be there", () => {
        for (const start of ["a/b", "a0", "z"]) {
          expect([...map.keys({ startAfter: start })]).toEqual(after(start));
          expect([...map.values({ startAfter: start })]).toEqual(
            after(start).map((key) => `value of ${key}`),
          );
        }
      });

      it("takes a limit", () => {
        expect([...map.keys({ limit: 3 })]).toEqual(order(keys).slice(0, 3));
        expect([...map.keys({ limit: 0 })]).toEqual([]);
        expect([...map.keys({ prefix: "a", startAfter: "a", limit: 2 })]).toEqual(["a/", "a/b"]);
      });
    });

    if (extended) {
      describe("getMany, setMany and deleteMany", () => {
        it("store, read and delete many at once, as one by one", () => {
          expect(map.setMany(oddKeys.map((key) => [key, `value of ${key}`] as const))).toBe(map);
          const asked = ["missing", ...oddKeys, "also missing"];
          expect([...map.getMany(asked)]).toEqual(oddKeys.map((key) => [key, `value of ${key}`]));
          map.deleteMany(asked.filter((key) => key !== "then"));
          expect([...map]).toEqual([["then", "value of then"]]);
        });

        itLists("store what can be listed", oddKeys, () => {
          map.setMany(oddKeys.map((key) => [key, `value of ${key}`] as const));
          expect([...map.entries()]).toEqual(order(oddKeys).map((key) => [key, `value of ${key}`]));
        });

        it("take none, and any iterable", () => {
          map.setMany([]).setMany(new Map([["a", "1"]]).entries());
          map.deleteMany(new Set<string>());
          expect(map.getMany([])).toEqual(new Map());
          expect(map.getMany(map.keys())).toEqual(new Map([["a", "1"]]));
        });

        it("take a key twice: the last value is stored, and it is read once", () => {
          map.setMany([
            ["a", "first"],
            ["b", "other"],
            ["a", "last"],
          ]);
          expect([...map.getMany(["b", "a", "b"])]).toEqual([
            ["b", "other"],
            ["a", "last"],
          ]);
          map.deleteMany(["a", "a"]);
          expect([...map.keys()]).toEqual(["b"]);
        });

        it("give all values the options of set", () => {
          map.setMany([["a", "{}"]], { contentType: "application/json", metadata: { x: "y" } });
          expect(map.head("a")).toMatchObject({ contentType: "application/json", metadata: { x: "y" } });
        });
      });

      describe("head", () => {
        it("gives undefined for a key that is not there", () => {
          expect(map.head("missing")).toBeUndefined();
        });

        it("gives size, ETag, time and type of one that is", () => {
          map.set("key", "ú");
          const head = map.head("key")!;
          const { size = 2, contentType = "text/plain; charset=utf-8" } = under.headOf ?? {};
          expect(head).toMatchObject({ size, contentType, metadata: {} });
          expect(head.etag).toMatch(/^".+"$/);
          expect(Math.abs(head.lastModified.getTime() - Date.now())).toBeLessThan(3_600_000);
        });

        it("gives what set was told beside the value", () => {
          const options = {
            contentType: "application/json",
            cacheControl: "max-age=60",
            metadata: { Owner: "someone", "x-y": "z" },
          };
          map.set("key", "{}", options);
          expect(map.head("key")).toMatchObject({ ...options, metadata: { owner: "someone", "x-y": "z" } });
        });
      });

      describe("subMap", () => {
        it("is the part under a prefix, joined on plainly", () => {
          const sub = map.subMap("pre");
          sub.set("fix", "1").set("", "2");
          map.set("prefer", "3").set("other", "4");
          expect([...sub.entries()]).toEqual([
            ["", "2"],
            ["fer", "3"],
            ["fix", "1"],
          ]);
          expect(map.get("prefix")).toBe("1");
          expect(sub.subMap("f").get("ix")).toBe("1");
          expect(sub.has("other")).toBe(false);
          sub.clear();
          expect([...map.keys()]).toEqual(["other"]);
        });
      });

      describe("close", () => {
        it("makes every later call throw", () => {
          const closed = map.subMap("");
          closed.close();
          for (const use of [() => closed.get("a"), () => closed.set("a", ""), () => [...closed.keys()]]) {
            expect(use).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
          }
          expect(map.get("a")).toBeUndefined();
        });
      });
    }

    if (under.withoutConditions !== undefined) {
      it(`has no create, update and list: ${under.withoutConditions}`, () => {
        for (const name of ["create", "update", "list"]) expect(map).not.toHaveProperty(name);
      });
    } else {
      conditionsSuite(() => map, under);
      listSuite(() => map, under);
    }

    if (strict) {
      describe("bad input", () => {
        const long = "ú".repeat(513);
        it.each([
          ["an empty key", ""],
          ["a key of 1026 bytes", long],
          ["a lone surrogate", "a\ud800"],
          ["undefined", undefined],
          ["a number", 1],
          ["an object", {}],
        ])("refuses %s as a key", (_what, key) => {
          // Under a prefix the empty key is a key.
          if (key === "" && under.prefixed === true) return expect(map.get("")).toBeUndefined();
          for (const use of [
            () => map.get(key as string),
            () => map.set(key as string, "value"),
            () => map.has(key as string),
            () => map.delete(key as string),
            () => map.head(key as string),
          ]) {
            expect(use).toThrow(TypeError);
          }
          expect(map.size).toBe(0);
        });

        it("refuses a wrong key or value among many before anything is sent", () => {
          const good = ["good", "value"] as const;
          for (const use of [
            () => map.setMany([good, ["bad", undefined as unknown as string]]),
            () => map.setMany([good, ["a\ud800", "value"]]),
            () => map.setMany(["ab" as unknown as [string, string]]),
            () => map.setMany({ good: "value" } as unknown as []),
            () => map.getMany("good"),
            () => map.getMany(["good", long]),
            () => map.deleteMany("good"),
          ]) {
            expect(use).toThrow(TypeError);
          }
          expect(map.size).toBe(0);
        });

        it("refuses options of what destroys, and destroys nothing", () => {
          map.set("a", "1").set("b", "2");
          const loose = map as unknown as Record<
            "clear" | "delete" | "deleteMany",
            (...given: unknown[]) => unknown
          >;
          for (const use of [
            () => loose.clear({ prefix: "a" }),
            () => loose.clear("a"),
            () => loose.delete("a", { ifMatch: '"0000"' }),
            () => loose.deleteMany(["a"], { ifMatch: '"0000"' }),
          ]) {
            expect(use).toThrow(/takes no options/);
          }
          expect([...map.keys()]).toEqual(["a", "b"]);
          // As with a Map, what forEach gives beside the key does not matter.
          ["a", "b"].forEach((...given: [string, ...unknown[]]) => loose.delete(...given));
          expect([...map.keys()]).toEqual([]);
        });

        const refused: [string, unknown][] = [
          ["undefined", undefined],
          ["null", null],
          ["a number", 1],
          ["a Date", new Date(0)],
          ["a plain object", {}],
          ["an array", ["a"]],
          ["a lone surrogate", "\udc00"],
        ];
        it.each(refused.filter(([what]) => !(under.takes ?? []).includes(what)))(
          "refuses %s as a value",
          (_what, value) => {
            map.set("key", "before");
            expect(() => map.set("key", value as string)).toThrow(TypeError);
            expect(map.get("key")).toBe("before");
          },
        );
      });
    }
  });
}
