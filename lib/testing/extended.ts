import assert from "node:assert";
import { equal, isRecent, matches, throws } from "./assertions.js";
import { oddKeys } from "./odd-keys.js";
import type { Suite } from "./options.js";

/** The contract of the methods that a native Map lacks, except `list` and those with conditions. */
export function extendedContract({ describe, test, testListing, order, headOf = {} }: Suite): void {
  describe("getMany, setMany and deleteMany", () => {
    test("store, read and delete many keys at once, with the same result as one by one", (map) => {
      assert.strictEqual(map.setMany(oddKeys.map((key) => [key, `value of ${key}`] as const)), map);
      const asked = ["missing", ...oddKeys, "also missing"];
      equal(
        [...map.getMany(asked)],
        oddKeys.map((key) => [key, `value of ${key}`]),
      );
      map.deleteMany(asked.filter((key) => key !== "then"));
      equal([...map], [["then", "value of then"]]);
    });

    testListing("store what can be listed", oddKeys, (map) => {
      map.setMany(oddKeys.map((key) => [key, `value of ${key}`] as const));
      equal(
        [...map.entries()],
        order(oddKeys).map((key) => [key, `value of ${key}`]),
      );
    });

    test("accept no keys at all, and any iterable", (map) => {
      map.setMany([]).setMany(new Map([["a", "1"]]).entries());
      map.deleteMany(new Set<string>());
      equal([...map.getMany([])], []);
      equal([...map.getMany(map.keys())], [["a", "1"]]);
    });

    test("accept a key twice: the last value is stored, and returned once", (map) => {
      map.setMany([
        ["a", "first"],
        ["b", "other"],
        ["a", "last"],
      ]);
      equal(
        [...map.getMany(["b", "a", "b"])],
        [
          ["b", "other"],
          ["a", "last"],
        ],
      );
      map.deleteMany(["a", "a"]);
      equal([...map.keys()], ["b"]);
    });

    test("store all values with the given options", (map) => {
      map.setMany([["a", "{}"]], { contentType: "application/json", metadata: { x: "y" } });
      const head = map.head("a");
      matches(head, { contentType: "application/json" });
      matches(head?.metadata, { x: "y" });
    });
  });

  describe("head", () => {
    test("returns undefined for a missing key", (map) => {
      equal(map.head("missing"), undefined);
    });

    test("returns the size, ETag, time and type of an existing key", (map) => {
      map.set("key", "ú");
      const head = map.head("key")!;
      const { size = 2, contentType = "text/plain; charset=utf-8" } = headOf;
      matches(head, size === "any" ? { contentType } : { size, contentType });
      assert.match(head.etag, /^".+"$/);
      isRecent(head.lastModified);
    });

    test("returns the options that the value was set with", (map) => {
      const options = {
        contentType: "application/json",
        cacheControl: "max-age=60",
        metadata: { Owner: "someone", "x-y": "z" },
      };
      map.set("key", "{}", options);
      const { contentType, cacheControl } = options;
      const head = map.head("key");
      matches(head, { contentType, cacheControl });
      matches(head?.metadata, { owner: "someone", "x-y": "z" });
    });
  });

  describe("subMap", () => {
    test("contains the keys under a prefix, and adds no separator to it", (map) => {
      const sub = map.subMap("pre");
      sub.set("fix", "1").set("", "2");
      map.set("prefer", "3").set("other", "4");
      equal(
        [...sub.entries()],
        [
          ["", "2"],
          ["fer", "3"],
          ["fix", "1"],
        ],
      );
      equal(map.get("prefix"), "1");
      equal(sub.subMap("f").get("ix"), "1");
      equal(sub.has("other"), false);
      sub.clear();
      equal([...map.keys()], ["other"]);
    });
  });

  describe("close", () => {
    test("makes every later call throw", (map) => {
      const closed = map.subMap("");
      closed.close();
      for (const use of [() => closed.get("a"), () => closed.set("a", ""), () => [...closed.keys()]]) {
        throws(use, { code: "Closed" });
      }
      equal(map.get("a"), undefined);
    });
  });
}
