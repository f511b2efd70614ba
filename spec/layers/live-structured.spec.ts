import _ from "lodash";
import { types } from "node:util";
import { asObject } from "../../lib/index.js";
import type { BucketObject, SyncMap } from "../../lib/index.js";
import { live, structured } from "../../lib/layers/index.js";
import { useLocalS3 } from "../support/local-maps.js";

interface Value {
  [field: string]: unknown;
  map: Map<unknown, { n: number } | string | Map<string, number>>;
  set: Set<unknown>;
  at: Date;
  bytes: Buffer;
  list: (number | undefined)[];
}
const make = (): Value => ({
  map: new Map<unknown, { n: number } | string>([
    ["a", { n: 1 }],
    [{ k: 1 }, "v"],
  ]),
  set: new Set<unknown>([1, { e: 1 }]),
  at: new Date(5),
  bytes: Buffer.from("ab"),
  // eslint-disable-next-line no-sparse-arrays -- structured keeps holes
  list: [1, , 3],
});

const place = useLocalS3();
let base: SyncMap<Value>;
let events: BucketObject<Value>;
beforeEach(() => {
  base = structured<Value>(place().bytes);
  events = asObject(live(base));
  events["e"] = make();
});
const stored = (): Value => base.get("e")!;
const doc = (): Value => events["e"]!;

describe("live(structured)", () => {
  it("stores the changes of Maps, at any depth", () => {
    const { map } = doc();
    (map.get("a") as { n: number }).n = 2;
    expect(map.set("b", new Map([["x", 1]]))).toBe(map);
    (map.get("b") as Map<string, number>).set("y", 2);
    expect([stored().map.get("a"), stored().map.get("b")]).toEqual([
      { n: 2 },
      new Map([
        ["x", 1],
        ["y", 2],
      ]),
    ]);
    expect([map.delete("b"), map.delete("b"), map.size, map.has("a")]).toEqual([true, false, 2, true]);
    map.clear();
    expect([stored().map.size, map.size]).toEqual([0, 0]);
  });

  it("finds keys and elements that are objects by themselves", () => {
    const { map, set } = doc();
    const key = [...map.keys()].find((one) => typeof one === "object") as { k: number };
    const element = [...set].find((one) => typeof one === "object") as { e: number };
    expect([map.get(key), map.get({ k: 1 }), set.has(element), set.has({ e: 1 })]).toEqual([
      "v",
      undefined,
      true,
      false,
    ]);
    map.set(key, "w");
    key.k = 2;
    element.e = 2;
    expect([...stored().map].at(-1)).toEqual([{ k: 2 }, "w"]);
    expect([...stored().set]).toEqual([1, { e: 2 }]);
    expect([map.delete({ k: 2 }), map.delete(key), set.delete(element)]).toEqual([false, true, true]);
    expect([stored().map.size, stored().set.size]).toEqual([1, 1]);
  });

  it("stores the changes of Sets and Dates", () => {
    const { set, at } = doc();
    expect(set.add(2)).toBe(set);
    set.add(2).delete(1);
    expect(at.setFullYear(2000)).toBe(at.getTime());
    expect([[...stored().set], stored().at.getFullYear()]).toEqual([[{ e: 1 }, 2], 2000]);
    expect([at instanceof Date, at.toISOString()]).toEqual([true, stored().at.toISOString()]);
  });

  it("gives real Maps, Sets and Dates, whose entries are of the document", () => {
    const value = doc();
    expect([types.isMap(value.map), types.isSet(value.set), types.isDate(value.at)]).toEqual([
      true,
      true,
      true,
    ]);
    for (const [key, entry] of value.map) if (key === "a") (entry as { n: number }).n = 3;
    value.map.forEach((entry, key, self) => {
      expect(self).toBe(value.map);
      if (key === "a") expect(entry).toEqual({ n: 3 });
    });
    expect(stored().map.get("a")).toEqual({ n: 3 });
    expect(_.cloneDeep(value.map)).toEqual(new Map(stored().map));
    expect([new Set(value.set).size, new Map(value.map).size]).toEqual([2, 2]);
  });

  it("keeps both changes of two documents, and refuses what has changed", () => {
    const [one, two] = [doc(), doc()];
    one.map.set("p", "1");
    two.map.set("q", "2");
    one.set.add("p");
    two.set.add("q");
    expect([
      stored().map.get("p"),
      stored().map.get("q"),
      stored().set.has("p"),
      stored().set.has("q"),
    ]).toEqual(["1", "2", true, true]);
    expect(two.map.get("p")).toBe("1");
    two.map.set("p", "3");
    expect(one.map.get("p")).toBe("1");
    two.map.set("p", "4");
    expect(() => one.map.set("p", "5")).toThrow(
      expect.objectContaining({ code: "DocumentChanged" }) as Error,
    );
    expect(() => one.map.clear()).toThrow(expect.objectContaining({ code: "DocumentChanged" }) as Error);
    expect(stored().map.get("p")).toBe("4");
  });

  it("adds an element that others have added, but not if this document was told that it is missing", () => {
    const [one, two, three] = [doc(), doc(), doc()];
    one.set.add("p");
    two.set.add("p");
    expect(three.set.has("p")).toBe(false);
    expect(() => three.set.add("p")).toThrow(expect.objectContaining({ code: "DocumentChanged" }) as Error);
    expect([...stored().set].filter((element) => element === "p")).toEqual(["p"]);
  });

  it("gives bytes as copies, and stores new ones", () => {
    const value = doc();
    value.bytes[0] = 0;
    expect(value.bytes).toBe(value.bytes);
    value["n"] = 1;
    expect(stored().bytes.toString()).toBe("ab");
    const mine = Buffer.from("zz");
    value.bytes = mine;
    mine[0] = 0;
    value["n"] = 2;
    expect([stored().bytes.toString(), value.bytes.toString()]).toEqual(["zz", "zz"]);
  });

  it("keeps holes, undefined and NaN", () => {
    const value = doc();
    value.list.push(NaN, undefined);
    expect(Object.keys(stored().list)).toEqual(["0", "2", "3", "4"]);
  });

  it("refuses what structured cannot keep, with its path", () => {
    const value = doc();
    expect(() => value.map.set("f", (() => {}) as never)).toThrow(
      /^structured cannot keep a function, at \.map\.f\./,
    );
    expect(() => value.set.add(Symbol("s"))).toThrow(/^structured cannot keep a symbol, at \.set\[2\]/);
    expect(() => (value["p"] = new Proxy({}, {}))).toThrow(
      /^structured cannot keep a Proxy, such as an object that json returned, at \.p\./,
    );
    expect(stored()).toEqual(make());
  });
});
