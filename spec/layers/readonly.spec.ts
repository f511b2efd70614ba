import { asObject } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { cache, json, readonly } from "../../lib/layers/index.js";
import { useLocalS3 } from "../support/local-maps.js";

const place = useLocalS3();

describe("readonly", () => {
  it.each<[string, (map: SyncMap<unknown>) => unknown]>([
    ["set", (map) => map.set("a", 2)],
    ["delete", (map) => map.delete("a")],
    ["clear", (map) => map.clear()],
    ["setMany", (map) => map.setMany([["a", 2]])],
    ["deleteMany", (map) => map.deleteMany(["a"])],
    ["create", (map) => map.create("b", 2)],
    ["update", (map) => map.update("a", () => 2)],
    ["set", (map) => (asObject(map)["a"] = 2)],
    ["delete", (map) => delete asObject(map)["a"]],
    ["set", (map) => map.subMap("a").set("", 2)],
    ["update", (map) => cache(map as SyncMap<string>).update("a", () => "2")],
  ])("refuses %s, and nothing changes", (method, write) => {
    const at = place();
    const base = json<unknown>(at.strings).set("a", 1);
    expect(() => write(readonly(base))).toThrow(
      new TypeError(
        `This map is read-only: it does not support ${method}. Write through the base map of readonly.`,
      ),
    );
    expect([...base]).toEqual([["a", 1]]);
  });

  it("reads all that its base has", () => {
    const base = json<number>(place().strings).set("a", 1).set("b/c", 2);
    const map = readonly(base);
    expect([map.get("a"), map.has("a"), map.size, [...map.keys()], [...map.getMany(["b/c"])]]).toEqual([
      1,
      true,
      2,
      ["a", "b/c"],
      [["b/c", 2]],
    ]);
    expect(map.head("a")).toEqual(base.head("a"));
    expect([...map.list({ delimiter: "/" })]).toEqual([...base.list({ delimiter: "/" })]);
    expect({ ...asObject(map.subMap("b/")) }).toEqual({ c: 2 });
  });
});
