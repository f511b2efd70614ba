import { equal, throws, typeError } from "./assertions.js";
import type { RefusedValue, Suite } from "./options.js";

/** What a map must reject before anything is sent. */
export function badInputContract({ describe, test, prefixed = false, takes = [] }: Suite): void {
  describe("bad input", () => {
    const long = "ú".repeat(513);
    const wrongKeys: [string, unknown][] = [
      ["an empty key", ""],
      ["a key of 1026 bytes", long],
      ["a lone surrogate", "a\ud800"],
      ["undefined", undefined],
      ["a number", 1],
      ["an object", {}],
    ];
    for (const [what, key] of wrongKeys)
      test(`rejects ${what} as a key`, (map) => {
        // Under a prefix, the empty string is a valid key.
        if (key === "" && prefixed) return equal(map.get(""), undefined);
        for (const use of [
          () => map.get(key as string),
          () => map.set(key as string, "value"),
          () => map.has(key as string),
          () => map.delete(key as string),
          () => map.head(key as string),
        ]) {
          throws(use, typeError);
        }
        equal(map.size, 0);
      });

    test("rejects an invalid key or value among many before anything is sent", (map) => {
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
        throws(use, typeError);
      }
      equal(map.size, 0);
    });

    test("rejects options of clear, delete and deleteMany, and deletes nothing", (map) => {
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
        throws(use, { message: /accepts no options/ });
      }
      equal([...map.keys()], ["a", "b"]);
      // As with a Map, the additional arguments that forEach passes are ignored.
      ["a", "b"].forEach((...given: [string, ...unknown[]]) => loose.delete(...given));
      equal([...map.keys()], []);
    });

    const refused: [RefusedValue, unknown][] = [
      ["undefined", undefined],
      ["null", null],
      ["a number", 1],
      ["a Date", new Date(0)],
      ["a plain object", {}],
      ["an array", ["a"]],
      ["a lone surrogate", "\udc00"],
    ];
    for (const [what, value] of refused.filter(([what]) => !takes.includes(what))) {
      test(`rejects ${what} as a value`, (map) => {
        map.set("key", "before");
        throws(() => map.set("key", value as string), typeError);
        equal(map.get("key"), "before");
      });
    }
  });
}
