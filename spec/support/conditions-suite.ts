import type { SyncMap } from "../../lib/index.js";
import type { MapUnderTest } from "./map-under-test.js";

/** The contract of `create`, `update` and `ifMatch`. */
export function conditionsSuite(
  map: () => SyncMap<string>,
  { refusesConditionalPut = false, refusesConditionalDelete = false, takes = [] }: MapUnderTest,
): void {
  const failed = expect.objectContaining({
    name: "PreconditionFailedError",
    code: "PreconditionFailed",
  }) as Error;
  const unsupported = expect.objectContaining({ code: "ConditionsUnsupported" }) as Error;

  const isRefused = (write: () => unknown): void => {
    for (const before of [undefined, "before"]) {
      if (before !== undefined) map().set("key", before);
      expect(write).toThrow(unsupported);
      expect(map().get("key")).toBe(before);
      expect([...map().keys()]).toEqual(before === undefined ? [] : ["key"]);
    }
  };

  describe("create", () => {
    if (refusesConditionalPut) {
      it("is refused, and nothing is written", () => {
        isRefused(() => map().create("key", "value"));
      });
    } else {
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
    }

    it("refuses what set refuses", () => {
      expect(() => map().create("key", undefined as unknown as string)).toThrow(TypeError);
      expect(() => map().create(1 as unknown as string, "value")).toThrow(TypeError);
      expect(() => map().create("key", "value", { ifMatch: '"x"' } as object)).toThrow(TypeError);
      expect(map().size).toBe(0);
    });
  });

  describe("set with ifMatch", () => {
    if (refusesConditionalPut) {
      it("is refused, and nothing is written", () => {
        isRefused(() => map().set("key", "value", { ifMatch: map().head("key")?.etag ?? '"none"' }));
      });
    } else {
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
    }

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

    if (refusesConditionalPut) {
      it("is refused, and nothing is written", () => {
        isRefused(() => map().update("key", (value) => `${value}, and more`));
      });
    } else {
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
    }

    if (refusesConditionalDelete) {
      it("refuses to delete, and leaves the key alone", () => {
        map().set("key", "value");
        expect(() => map().update("key", () => undefined)).toThrow(unsupported);
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
