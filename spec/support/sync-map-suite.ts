import type { ListEntriesOptions, SyncMap } from "../../lib/index.js";

/** What of the contract a map can be held to. */
export interface MapUnderTest {
  /** An empty map; the suite closes it. */
  make(): SyncMap<string>;
  /** Keys come in the order of their UTF-8 bytes; a native Map's come in the order of insertion. */
  sorted?: boolean;
  /** Iteration takes `{ prefix, startAfter, limit }`, and there are `head`, `subMap` and `close`. */
  extended?: boolean;
  /** The map is the part of another under a prefix. */
  prefixed?: boolean;
  /** Why there are no `create`, `update`, `list`, nor `ifMatch`, where there are none. */
  withoutConditions?: string;
  /** Deleting by `update` is refused, for the service ignores If-Match of a DELETE. */
  refusesConditionalDelete?: boolean;
  /** Refuses keys and values that S3 cannot keep. */
  strict?: boolean;
  /** What `delete` says of a key that is not there. */
  deleteMissing?: boolean;
  /** What `head` says of the value "ú". */
  headOf?: { size?: number; contentType?: string };
  /** Those of the values that a bucket refuses which this map takes. */
  takes?: readonly string[];
}

/** Keys that something on the way from here to S3 and back could change. */
export const oddKeys: readonly string[] = [
  "plain",
  "with space",
  "a+b&c=d?e#f",
  "%2F",
  "%",
  "//",
  "/",
  "a//b",
  ".",
  "..",
  "../x",
  "./x",
  "a/../b",
  "trailing/",
  "\r",
  "\n",
  "a\r\nb",
  "\t",
  "\u0001",
  "\u007f",
  "ú",
  "u\u0301",
  "\ufeff",
  "\uffff",
  "\ufffd",
  "😀",
  "<key>&amp;</key>",
  "\"quoted\" 'single'",
  "back\\slash",
  "__proto__",
  "constructor",
  "then",
  "toJSON",
  "hasOwnProperty",
  "0",
  "10",
  "9",
];

export function inUtf8Order(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The written contract of `SyncMap`, as specs. */
export function syncMapSuite(name: string, under: MapUnderTest): void {
  const { sorted = true, extended = true, strict = true, deleteMissing = true } = under;
  const order = (keys: Iterable<string>): string[] => (sorted ? inUtf8Order(keys) : [...keys]);

  describe(`SyncMap: ${name}`, () => {
    let map: SyncMap<string>;
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
        expect([...map.keys()]).toEqual(order(oddKeys));
        for (const key of oddKeys) map.delete(key);
        expect([...map.keys()]).toEqual([]);
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
      const keys = ["z", "a", "B", "a/b", "a/", "aa", "10", "9", "ú", "\uffff", "😀"];
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
        expect([...map.keys({ startAfter: "a/b" })]).toEqual(
          order(keys).slice(order(keys).indexOf("a/b") + 1),
        );
        expect([...map.keys({ startAfter: "a0" })]).toEqual(["aa", "z", "ú", "\uffff", "😀"]);
        expect([...map.values({ startAfter: "z" })]).toEqual(
          ["ú", "\uffff", "😀"].map((key) => `value of ${key}`),
        );
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
          expect([...map.entries()]).toEqual(order(oddKeys).map((key) => [key, `value of ${key}`]));
          const asked = ["missing", ...oddKeys, "also missing"];
          expect([...map.getMany(asked)]).toEqual(oddKeys.map((key) => [key, `value of ${key}`]));
          map.deleteMany(asked.filter((key) => key !== "then"));
          expect([...map]).toEqual([["then", "value of then"]]);
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
      listSuite(() => map, under.headOf?.size === undefined);
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

function conditionsSuite(
  map: () => SyncMap<string>,
  { refusesConditionalDelete = false, takes = [] }: MapUnderTest,
): void {
  const failed = expect.objectContaining({
    name: "PreconditionFailedError",
    code: "PreconditionFailed",
  }) as Error;

  describe("create", () => {
    it("stores where the key is missing, and says that it did", () => {
      expect(map().create("key", "value", { metadata: { a: "b" } })).toBe(true);
      expect(map().get("key")).toBe("value");
      expect(map().head("key")!.metadata).toEqual({ a: "b" });
    });

    it("leaves a key that exists alone, and says so", () => {
      map().set("key", "value");
      expect(map().create("key", "other")).toBe(false);
      expect(map().get("key")).toBe("value");
    });

    it("can create anew what was deleted, and any odd key", () => {
      expect(map().create("key", "1")).toBe(true);
      map().delete("key");
      expect(map().create("key", "2")).toBe(true);
      for (const key of ["a//b", "../x", "ú 😀", "\u0001", "%2F"]) {
        expect([key, map().create(key, key), map().create(key, "other"), map().get(key)]).toEqual([
          key,
          true,
          false,
          key,
        ]);
      }
    });

    it("refuses what set refuses", () => {
      expect(() => map().create("key", undefined as unknown as string)).toThrow(TypeError);
      expect(() => map().create(1 as unknown as string, "value")).toThrow(TypeError);
      expect(() => map().create("key", "value", { ifMatch: '"x"' } as object)).toThrow(TypeError);
      expect(map().size).toBe(0);
    });
  });

  describe("set with ifMatch", () => {
    it("stores where the key has that ETag, with its quotes or without", () => {
      map().set("key", "1");
      expect(map().set("key", "2", { ifMatch: map().head("key")!.etag })).toBe(map());
      expect(map().get("key")).toBe("2");
      map().set("key", "3", { ifMatch: map().head("key")!.etag.slice(1, -1) });
      expect(map().get("key")).toBe("3");
    });

    it("throws and stores nothing where it has another, or is gone", () => {
      map().set("key", "1");
      const { etag } = map().head("key")!;
      map().set("key", "2");
      expect(() => map().set("key", "3", { ifMatch: etag })).toThrow(failed);
      expect(map().get("key")).toBe("2");
      map().delete("key");
      expect(() => map().set("key", "3", { ifMatch: etag })).toThrow(failed);
      expect(map().has("key")).toBe(false);
    });

    it.each([["", "*", 'a"b', '""', 'W/"x"', "a b", 1, null]])("refuses %p, which is no ETag", (ifMatch) => {
      map().set("key", "1");
      expect(() => map().set("key", "2", { ifMatch: ifMatch })).toThrow(TypeError);
      expect(map().get("key")).toBe("1");
    });

    it("is no option of setMany", () => {
      expect(() => map().setMany([["key", "1"]], { ifMatch: '"x"' } as object)).toThrow(TypeError);
    });
  });

  describe("update", () => {
    const increment = (count: string | undefined): string => String(Number(count ?? 0) + 1);

    it("gives the value, or undefined, and stores what it gets back", () => {
      expect(map().update("counter", increment, { metadata: { a: "b" } })).toBe("1");
      expect(map().update("counter", increment)).toBe("2");
      expect(map().get("counter")).toBe("2");
      expect(map().head("counter")!.metadata).toEqual({ a: "b" });
    });

    it("begins again when somebody else writes meanwhile, so that neither write is lost", () => {
      for (const before of [undefined, "10"]) {
        if (before !== undefined) map().set("counter", before);
        const seen: (string | undefined)[] = [];
        const result = map().update("counter", (count) => {
          seen.push(count);
          if (seen.length <= 2) map().set("counter", increment(count));
          return increment(count);
        });
        const start = Number(before ?? 0);
        expect(seen).toEqual([before, String(start + 1), String(start + 2)]);
        expect([result, map().get("counter")]).toEqual([String(start + 3), String(start + 3)]);
      }
    });

    it("begins again when the key is deleted meanwhile", () => {
      map().set("counter", "5");
      const seen: (string | undefined)[] = [];
      map().update("counter", (count) => {
        seen.push(count);
        map().delete("counter");
        return increment(count);
      });
      expect(seen).toEqual(["5", undefined]);
      expect(map().get("counter")).toBe("1");
    });

    if (refusesConditionalDelete) {
      it("refuses to delete, and leaves the key alone", () => {
        map().set("key", "value");
        expect(() => map().update("key", () => undefined)).toThrow(
          expect.objectContaining({ code: "ConditionsUnsupported" }) as Error,
        );
        expect(map().get("key")).toBe("value");
        expect([...map().keys()]).toEqual(["key"]);
      });
    } else {
      it("deletes the key where it gets undefined back", () => {
        map().set("key", "value");
        expect(map().update("key", () => undefined)).toBeUndefined();
        expect(map().has("key")).toBe(false);
      });

      it("does not delete what somebody else has written meanwhile", () => {
        map().set("key", "1");
        const seen: (string | undefined)[] = [];
        const result = map().update("key", (value) => {
          seen.push(value);
          if (seen.length > 1) return value;
          map().set("key", "2");
          return undefined;
        });
        expect([seen, result, map().get("key")]).toEqual([["1", "2"], "2", "2"]);
      });
    }

    it("leaves a missing key missing where it gets undefined back", () => {
      expect(map().update("key", () => undefined)).toBeUndefined();
      expect(map().size).toBe(0);
    });

    it("lets what its function throws pass, and stores nothing", () => {
      map().set("key", "value");
      const error = new Error("on purpose");
      expect(() =>
        map().update("key", () => {
          throw error;
        }),
      ).toThrow(error);
      expect(map().get("key")).toBe("value");
    });

    it("refuses what is no function, a promise, and what set refuses", () => {
      map().set("key", "value");
      const wrong = (result: unknown): unknown => map().update("key", () => result as string);
      expect(() => map().update("key", "x" as unknown as () => string)).toThrow(TypeError);
      expect(() => wrong(Promise.reject(new Error("unheard")))).toThrow(/must be synchronous/);
      const refused = [
        ["a number", 1],
        ["null", null],
        ["a plain object", {}],
        ["a lone surrogate", "\ud800"],
      ] as const;
      for (const [what, result] of refused) {
        if (!takes.includes(what)) expect(() => wrong(result)).toThrow(TypeError);
      }
      expect(() => wrong(Symbol())).toThrow(TypeError);
      expect(() => map().update("key", () => "x", { metdata: {} } as object)).toThrow(
        /did you mean "metadata"/,
      );
      expect(map().get("key")).toBe("value");
    });
  });
}

function listSuite(map: () => SyncMap<string>, asStored: boolean): void {
  const names = (options?: ListEntriesOptions): string[] =>
    [...map().list(options)].map(({ key, prefix }) => (key === undefined ? `${prefix} …` : key));

  describe("list", () => {
    it("gives each key with its size, ETag and time, as head does", () => {
      const keys = inUtf8Order(oddKeys);
      map().setMany(keys.map((key) => [key, `${key} ú`] as const));
      const entries = [...map().list()];
      expect(entries.map(({ key }) => key)).toEqual(keys);
      for (const entry of entries) {
        if (entry.key === undefined) throw new Error("a prefix where there is no delimiter");
        if (asStored) expect(entry.size).toBe(Buffer.byteLength(`${entry.key} ú`));
        expect(entry.size).toBe(map().head(entry.key)!.size);
        expect(entry.etag).toBe(map().head(entry.key)!.etag);
        expect(Math.abs(entry.lastModified.getTime() - Date.now())).toBeLessThan(3_600_000);
      }
    });

    it("gives the folders at a delimiter, among the keys, in one order", () => {
      const keys = ["a", "a/", "a/b", "a/b/c", "a0", "b/c", "z/", "ú/1", "\uffff/1", "😀/1", "😀/2"];
      map().setMany(keys.map((key) => [key, ""] as const));
      expect(names({ delimiter: "/" })).toEqual([
        ...["a", "a/ …", "a0", "b/ …", "z/ …", "ú/ …", "\uffff/ …", "😀/ …"],
      ]);
      expect(names({ delimiter: "/", prefix: "a/" })).toEqual(["a/", "a/b", "a/b/ …"]);
      expect(names({ delimiter: "/", prefix: "a" })).toEqual(["a", "a/ …", "a0"]);
      expect(names({ delimiter: "😀" })).toEqual([...keys.slice(0, 9), "😀 …"]);
      expect(names({ delimiter: "b/" })).toEqual([
        "a",
        "a/",
        "a/b",
        "a/b/ …",
        "a0",
        "b/ …",
        ...keys.slice(6),
      ]);
      expect(names({ delimiter: "nowhere" })).toEqual(keys);
    });

    it("starts after a key or a folder, and takes a limit, which counts both", () => {
      map().setMany(["a", "b/1", "b/2", "c", "d/1"].map((key) => [key, ""] as const));
      expect(names({ delimiter: "/", startAfter: "a" })).toEqual(["b/ …", "c", "d/ …"]);
      expect(names({ delimiter: "/", startAfter: "b/" })).toEqual(["c", "d/ …"]);
      expect(names({ delimiter: "/", startAfter: "b/1", limit: 1 })).toEqual(["c"]);
      expect(names({ delimiter: "/", limit: 2 })).toEqual(["a", "b/ …"]);
      expect(names({ limit: 0, delimiter: "/" })).toEqual([]);
      expect(names({ startAfter: "b/1", limit: 2 })).toEqual(["b/2", "c"]);
    });

    it("refuses wrong options, naming the right one", () => {
      const wrong =
        (options: object): (() => unknown) =>
        () => [...map().list(options)];
      expect(wrong({ delimeter: "/" })).toThrow(/did you mean "delimiter"/);
      for (const delimiter of ["", "\ud800", 1, null]) expect(wrong({ delimiter })).toThrow(TypeError);
      expect(wrong({ limit: -1 })).toThrow(TypeError);
    });
  });
}
