import type { SyncMap } from "../../lib/index.js";
import { copyAll } from "../../lib/index.js";
import type { MapUnderTest } from "./map-under-test.js";

/** `copy`, `rename` and `copyAll` over any map and layers: what they give, however the values go. */
export function copiesSuite(under: MapUnderTest): void {
  const { refusesConditionalPut = false, refusesConditionalDelete = false } = under;
  const metadata = { by: "ann" };
  const unsupported = expect.objectContaining({ code: "ConditionsUnsupported" }) as Error;
  let map: SyncMap<string>;
  beforeEach(() => {
    map = under.make();
    map.set("from", "value", { metadata, contentType: "text/csv", cacheControl: "no-cache" });
    map.set("to", "old");
  });
  afterEach(() => {
    map.deleteMany(["from", "to", "new", "sub/from", "sub/to", "sub/new"]);
    map.close();
  });
  const values = (): (string | undefined)[] => ["from", "to", "new"].map((key) => map.get(key));

  describe("copies", () => {
    it("copy a value with what is stored beside it", () => {
      expect([map.copy("from", "to"), map.copy("from", "new"), map.copy("missing", "to")]).toEqual([
        true,
        true,
        false,
      ]);
      expect(values()).toEqual(["value", "value", "value"]);
      expect(map.head("to")).toMatchObject({ metadata, contentType: "text/csv", cacheControl: "no-cache" });
    });

    it("leave a target that exists alone with ifAbsent", () => {
      const use = (): boolean[] => ["to", "new"].map((to) => map.copy("from", to, { ifAbsent: true }));
      if (refusesConditionalPut) expect(use).toThrow(unsupported);
      else expect(use()).toEqual([false, true]);
      expect(values()).toEqual(["value", "old", refusesConditionalPut ? undefined : "value"]);
    });

    it("rename a value, or refuse it and change nothing", () => {
      if (refusesConditionalPut || refusesConditionalDelete) {
        expect(() => map.rename("from", "to")).toThrow(unsupported);
        expect(values()).toEqual(["value", "old", undefined]);
        return;
      }
      expect([map.rename("from", "to"), map.rename("from", "to")]).toEqual([true, false]);
      expect(values()).toEqual([undefined, "value", undefined]);
      expect(map.head("to")).toMatchObject({ metadata, contentType: "text/csv" });
    });

    it("copy all to a part of the same kind", () => {
      expect(copyAll(map, map, { prefix: "f", key: (key) => `sub/${key}` })).toBe(1);
      expect(map.subMap("sub/").get("from")).toBe("value");
      expect(map.head("sub/from")).toMatchObject({ metadata, contentType: "text/csv" });
    });

    it("keep a key that is copied to itself", () => {
      expect([map.copy("from", "from"), map.rename("from", "from")]).toEqual([true, true]);
      expect(values()).toEqual(["value", "old", undefined]);
    });
  });
}
