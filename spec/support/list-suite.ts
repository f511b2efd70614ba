import type { ListEntriesOptions, SyncMap } from "../../lib/index.js";
import { inUtf8Order, oddKeys } from "./map-under-test.js";
import type { MapUnderTest } from "./map-under-test.js";

type Lists = (what: string, keys: readonly string[], run: () => void) => void;

/** Makes specs that list keys. Where the service lists them wrongly, they are refused before anything is deleted. */
export function listing(map: () => SyncMap<string>, { cannotList }: MapUnderTest): Lists {
  const bad = expect.objectContaining({ code: "BadListing" }) as Error;
  return (what, keys, run) => {
    if (cannotList?.(keys) !== true) it(what, run);
    else {
      it(`${what}: is refused, and nothing is deleted`, () => {
        map().setMany(keys.map((key) => [key, key] as const));
        expect(() => [...map().keys()]).toThrow(bad);
        expect(() => [...map().values()]).toThrow(bad);
        expect(() => [...map().list()]).toThrow(bad);
        expect(() => map().size).toThrow(bad);
        expect(() => map().clear()).toThrow(bad);
        expect([...map().getMany(keys)]).toEqual(keys.map((key) => [key, key]));
        map().deleteMany(keys);
      });
    }
  };
}

/** The contract of `list`. */
export function listSuite(map: () => SyncMap<string>, under: MapUnderTest): void {
  const itLists = listing(map, under);
  const asStored = under.headOf?.size === undefined;
  const names = (options?: ListEntriesOptions): string[] =>
    [...map().list(options)].map(({ key, prefix }) => (key === undefined ? `${prefix} …` : key));

  describe("list", () => {
    itLists("gives each key with its size, ETag and time, as head does", oddKeys, () => {
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

    const keys = ["a", "a/", "a/b", "a/b/c", "a0", "b/c", "z/", "ú/1", "\uffff/1", "😀/1", "😀/2"];
    itLists("gives the folders at a delimiter, among the keys, in one order", keys, () => {
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
