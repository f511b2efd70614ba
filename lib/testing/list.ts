import { Buffer } from "node:buffer";
import type { ListEntriesOptions, SyncMap } from "../map/sync-map.js";
import { equal, isRecent, throws, typeError } from "./assertions.js";
import { inUtf8Order, oddKeys } from "./odd-keys.js";
import type { Suite } from "./options.js";

const names = (map: SyncMap<string>, options: ListEntriesOptions): string[] =>
  [...map.list(options)].map(({ key, prefix }) => (key === undefined ? `${prefix} …` : key));

/** The contract of `list`. */
export function listContract({ describe, test, testListing, headOf }: Suite): void {
  const asStored = headOf?.size === undefined;

  describe("list", () => {
    testListing("returns each key with the same size and ETag as head, and with its time", oddKeys, (map) => {
      const keys = inUtf8Order(oddKeys);
      map.setMany(keys.map((key) => [key, `${key} ú`] as const));
      const entries = [...map.list()];
      equal(
        entries.map(({ key }) => key),
        keys,
      );
      for (const entry of entries) {
        if (entry.key === undefined)
          throw new Error("list returned a folder, although it was called without a delimiter");
        if (asStored) equal(entry.size, Buffer.byteLength(`${entry.key} ú`));
        equal(entry.size, map.head(entry.key)!.size);
        equal(entry.etag, map.head(entry.key)!.etag);
        isRecent(entry.lastModified);
      }
    });

    const keys = ["a", "a/", "a/b", "a/b/c", "a0", "b/c", "z/", "ú/1", "\uffff/1", "😀/1", "😀/2"];
    testListing("returns the folders at a delimiter, in one order with the keys", keys, (map) => {
      map.setMany(keys.map((key) => [key, ""] as const));
      equal(names(map, { delimiter: "/" }), [
        ...["a", "a/ …", "a0", "b/ …", "z/ …", "ú/ …", "\uffff/ …", "😀/ …"],
      ]);
      equal(names(map, { delimiter: "/", prefix: "a/" }), ["a/", "a/b", "a/b/ …"]);
      equal(names(map, { delimiter: "/", prefix: "a" }), ["a", "a/ …", "a0"]);
      equal(names(map, { delimiter: "😀" }), [...keys.slice(0, 9), "😀 …"]);
      equal(names(map, { delimiter: "b/" }), ["a", "a/", "a/b", "a/b/ …", "a0", "b/ …", ...keys.slice(6)]);
      equal(names(map, { delimiter: "nowhere" }), keys);
    });

    test("starts after a key or a folder, and accepts a limit, which counts both", (map) => {
      map.setMany(["a", "b/1", "b/2", "c", "d/1"].map((key) => [key, ""] as const));
      equal(names(map, { delimiter: "/", startAfter: "a" }), ["b/ …", "c", "d/ …"]);
      equal(names(map, { delimiter: "/", startAfter: "b/" }), ["c", "d/ …"]);
      equal(names(map, { delimiter: "/", startAfter: "b/1", limit: 1 }), ["c"]);
      equal(names(map, { delimiter: "/", limit: 2 }), ["a", "b/ …"]);
      equal(names(map, { limit: 0, delimiter: "/" }), []);
      equal(names(map, { startAfter: "b/1", limit: 2 }), ["b/2", "c"]);
    });

    test("rejects invalid options, and names the right option", (map) => {
      const wrong =
        (options: object): (() => unknown) =>
        () => [...map.list(options)];
      throws(wrong({ delimeter: "/" }), { message: /did you mean "delimiter"/ });
      for (const delimiter of ["", "\ud800", 1, null]) throws(wrong({ delimiter }), typeError);
      throws(wrong({ limit: -1 }), typeError);
    });
  });
}
