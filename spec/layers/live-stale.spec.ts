/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- documents of every shape */
import { asMap, asObject, batch } from "../../lib/index.js";
import type { BucketObject, SyncMap } from "../../lib/index.js";
import { edit, json, live, structured } from "../../lib/layers/index.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type Any = any;

const place = useLocalS3();
const changed = expect.objectContaining({ code: "DocumentChanged" }) as Error;

let base: SyncMap<Any>;
let mine: BucketObject<Any>;
let others: BucketObject<Any>;

/** The document of a value that is stored. */
function documentOf(value: unknown): Any {
  base.set("a", value);
  return mine["a"];
}

/** Another program changes the value; then this document is edited elsewhere, and so shows what is there now. */
function turn(document: Any, change: (value: Any) => void): void {
  change(others["a"]);
  document.k = (document.k ?? 0) + 1;
}

const use = (made: SyncMap<Any>): void => {
  base = made;
  mine = asObject(live(base));
  others = asObject(live(base));
};

/** What a program read, what others change, and an edit that is built on what was read. */
type Case = [
  what: string,
  make: () => unknown,
  read: (d: Any) => unknown,
  change: (d: Any) => void,
  edit: (d: Any, was: Any) => unknown,
];

const plainCases: Case[] = [
  [
    "a field of an element",
    () => ({ l: [{ n: 1 }] }),
    (d) => d.l[0].n,
    (o) => (o.l[0].n = 10),
    (d, was) => (d.l[0].n = was + 1),
  ],
  [
    "a field of an element of an array that was held",
    () => ({ l: [{ n: 1 }] }),
    (d) => [d.l, d.l[0].n],
    (o) => (o.l[0].n = 10),
    (_d, [l, was]) => (l[0].n = was + 1),
  ],
  [
    "an element of an inner array",
    () => ({ l: [[1, 2]] }),
    (d) => d.l[0][0],
    (o) => (o.l[0][0] = 10),
    (d, was) => (d.l[0][0] = was + 1),
  ],
  [
    "an array in an element",
    () => ({
      l: [
        { n: 1, t: [] },
        { n: 2, t: [] },
      ],
    }),
    (d) => d.l.findIndex((one: Any) => one.n === 2),
    (o) => o.l.unshift({ n: 0, t: [] }),
    (d, at) => d.l[at].t.push("two"),
  ],
  [
    "another element at the same index",
    () => ({ l: [{ n: 1 }, { n: 2 }] }),
    (d) => d.l.findIndex((one: Any) => one.n === 2),
    (o) => o.l.unshift({ n: 0 }),
    (d, at) => (d.l[at].done = true),
  ],
  [
    "another element, replaced",
    () => ({ l: [1, 2] }),
    (d) => d.l.indexOf(2),
    (o) => o.l.unshift(0),
    (d, at) => (d.l[at] = 5),
  ],
  [
    "another element, deleted",
    () => ({ l: [1, 2] }),
    (d) => d.l.indexOf(2),
    (o) => o.l.unshift(0),
    (d, at) => d.l.splice(at, 1),
  ],
  [
    "an object that became an array",
    () => ({ o: { 0: { n: 1 } } }),
    (d) => d.o[0].n,
    (o) => (o.o = [{ n: 10 }]),
    (d, was) => (d.o[0].n = was + 1),
  ],
  [
    "the length of an object that became an array",
    () => ({ o: { length: 2 } }),
    (d) => d.o.length,
    (o) => (o.o = [1, 2, 3]),
    (d, was) => (d.o.length = was - 1),
  ],
  [
    "an array that became an object",
    () => ({ o: [{ n: 1 }] }),
    (d) => d.o[0].n,
    (o) => (o.o = { 0: { n: 10 } }),
    (d, was) => (d.o[0].n = was + 1),
  ],
  [
    "an array that was a number in between",
    () => ({ o: [3] }),
    (d) => d.o[0],
    (o) => {
      o.o = 5;
      o.o = [4];
    },
    (d, was) => (d.o[0] = was + 1),
  ],
];

const structuredCases: Case[] = [
  [
    "a field of an element of a Set",
    () => ({ s: new Set([{ n: 1 }]) }),
    (d) => [...d.s][0].n,
    (o) => ([...o.s][0].n = 10),
    (d, was) => ([...d.s][0].n = was + 1),
  ],
  [
    "a field of a value under an object as key",
    () => ({ m: new Map([[{ z: 1 }, { n: 1 }]]) }),
    (d) => [...d.m.values()][0].n,
    (o) => ([...o.m.values()][0].n = 10),
    (d, was) => ([...d.m.values()][0].n = was + 1),
  ],
  [
    "a field of an object that is a key",
    () => ({ m: new Map([[{ n: 1 }, 1]]) }),
    (d) => [...d.m.keys()][0].n,
    (o) => ([...o.m.keys()][0].n = 10),
    (d, was) => ([...d.m.keys()][0].n = was + 1),
  ],
  [
    "a field of a value of a Map",
    () => ({ m: new Map([["a", { n: 1 }]]) }),
    (d) => d.m.get("a").n,
    (o) => o.m.set("a", { n: 10 }),
    (d, was) => (d.m.get("a").n = was + 1),
  ],
  [
    "a Date",
    () => ({ due: new Date(0) }),
    (d) => +d.due,
    (o) => o.due.setTime(1000),
    (d, was) => d.due.setTime(was + 1),
  ],
  [
    "a Date that new Date read",
    () => ({ due: new Date(0) }),
    (d) => new Date(d.due).getTime(),
    (o) => o.due.setTime(1000),
    (d, was) => d.due.setTime(was + 1),
  ],
  [
    "a Date in an array",
    () => ({ l: [new Date(0)] }),
    (d) => +d.l[0],
    (o) => o.l[0].setTime(1000),
    (d, was) => d.l[0].setTime(was + 1),
  ],
  [
    "all entries of a Map",
    () => ({ m: new Map([[1, 1]]) }),
    (d) => [...d.m],
    (o) => o.m.set(2, 2),
    (d) => d.m.clear(),
  ],
  [
    "the size of a Map",
    () => ({ m: new Map([[1, 1]]) }),
    (d) => d.m.size,
    (o) => o.m.set("length", 2),
    (d) => d.m.clear(),
  ],
  [
    "all elements of a Set",
    () => ({ s: new Set([1]) }),
    (d) => [...d.s],
    (o) => o.s.add(2),
    (d) => d.s.clear(),
  ],
  [
    "the missing entries of a Map",
    () => ({ m: new Map([["p", 1]]) }),
    (d) => [...d.m.keys()].includes("q"),
    (o) => o.m.set("q", 10),
    (d) => d.m.set("q", 1),
  ],
];

const named = {
  json: { make: () => json<Any>(place().strings), cases: plainCases },
  structured: { make: () => structured<Any>(place().bytes), cases: [...plainCases, ...structuredCases] },
};

describe.each(["json", "structured"] as const)("what a program has read, over %s", (name) => {
  beforeEach(() => use(named[name].make()));

  it.each(named[name].cases)("is not forgotten by another edit: %s", (_what, make, read, change, edits) => {
    const d = documentOf(make());
    const was: unknown = read(d);
    turn(d, change);
    const before = base.get("a") as unknown;
    expect(() => edits(d, was)).toThrow(changed);
    expect(base.get("a")).toEqual(before);
    // A document that is read now may do the same.
    edits(mine["a"], read(mine["a"]));
  });

  it("may be edited once it has been read again, itself", () => {
    const d = documentOf({ l: [{ n: 1 }, { n: 2 }], o: { p: { n: 1 } } });
    JSON.stringify(d);
    turn(d, (o) => {
      o.l.unshift({ n: 0 });
      o.o = { p: { n: 10 } };
    });
    expect(() => (d.l[0].n = 5)).toThrow(changed);
    d.l.find((one: Any) => one.n === 2).n += 1;
    d.o.p.n += 1;
    expect(base.get("a")).toMatchObject({ l: [{ n: 0 }, { n: 1 }, { n: 3 }], o: { p: { n: 11 } } });
    d.l.push({ n: 9 });
    d.l[3].n = 10;
    expect(base.get("a").l[3]).toEqual({ n: 10 });
  });

  it("is not forgotten where an object was deleted and made anew", () => {
    const d = documentOf({ o: { n: 1 } });
    const was = d.o.n as number;
    turn(d, (o) => delete o.o);
    turn(d, (o) => (o.o = { n: 10 }));
    expect(() => (d.o.n = was + 1)).toThrow(changed);
    d.o.n += 1;
    expect(base.get("a").o).toEqual({ n: 11 });
  });

  it.each<[string, (d: Any) => boolean]>([
    ["Object.keys", (d) => Object.keys(d).includes("q")],
    [
      "for…in",
      (d) => {
        for (const key in d) if (key === "q") return true;
        return false;
      },
    ],
    ["spread", (d) => ({ ...d }).q !== undefined],
    ["JSON.stringify", (d) => JSON.stringify(d).includes("q")],
  ])("has %s of fields that are missing, too", (_what, has) => {
    const d = documentOf({ p: 1 });
    expect(has(d)).toBe(false);
    others["a"].q = 10;
    expect(() => (d.q = 1)).toThrow(changed);
    turn(d, () => {});
    expect(() => (d.q = 1)).toThrow(changed);
    expect(has(d)).toBe(true);
    d.q += 1;
    expect(base.get("a").q).toBe(11);
  });
});

describe("objects in two places, over structured", () => {
  beforeEach(() => use(structured<Any>(place().bytes)));
  const s = { x: 1 };
  const circle: Any = { n: 1, k: 0 };
  circle.self = circle;
  const parent: Any = { kid: {}, k: 0 };
  parent.kid.parent = parent;
  const list: Any = { l: [] };
  list.l.push(list.l);

  it.each<[string, unknown]>([
    ["in fields", { p: s, q: s }],
    ["in arrays", { l: [s, s] }],
    ["in a Map", { m: new Map<unknown, unknown>([[s, s]]) }],
    ["in a Set and a field", { e: new Set([s]), s }],
    ["in itself", circle],
    ["in a child", parent],
    ["an array in itself", list],
  ])("are read, and not edited: %s", (_what, value) => {
    const d = documentOf(value);
    expect(d).toEqual(value);
    const error = thrownBy(() => (d.n = 2)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(
      /in two places, or inside itself, cannot be edited\. The second place is \..*edit\(map, key, fn\)/,
    );
    expect(thrownBy(() => batch(mine, () => (d.n = 2)))).toBeInstanceOf(TypeError);
    expect(base.get("a")).toEqual(value);
    edit(asMap(mine), "a", (one) => void (one.n = 3));
    expect(mine["a"].n).toBe(3);
  });

  it.each<[string, (d: Any) => unknown]>([
    ["a field", (d) => (d.q = { one: s, two: s })],
    ["push", (d) => d.l.push([s, s])],
    ["a Map", (d) => d.m.set("k", circle)],
    ["a Set", (d) => d.e.add(circle)],
  ])("are refused when they are assigned: %s", (_what, change) => {
    const make = (): unknown => ({ l: [], m: new Map(), e: new Set(), p: 1 });
    const d = documentOf(make());
    expect(() => change(d)).toThrow(
      /^A live document with one object in two places, or inside itself, cannot be edited/,
    );
    expect([d, base.get("a")]).toEqual([make(), make()]);
    d.q = s;
    d.r = s;
    d.l.push(s, s);
    d.l.fill(s);
    d.l[0].x = 2;
    expect(base.get("a")).toMatchObject({ q: { x: 1 }, r: { x: 1 }, l: [{ x: 2 }, { x: 1 }] });
  });

  it("that others have joined are refused as a change, and nothing is written", () => {
    const d = documentOf({ p: { x: 1 }, k: 0 });
    const { p } = d;
    edit(base, "a", (value) => (value.q = value.p));
    expect(() => (d.k = 1)).toThrow(changed);
    expect(() => (p.x = 2)).toThrow(changed);
    expect([base.get("a"), d]).toEqual([
      { p: { x: 1 }, q: { x: 1 }, k: 0 },
      { p: { x: 1 }, k: 0 },
    ]);
  });

  it("takes one Date or one Buffer in two places", () => {
    const [at, bytes] = [new Date(5), Buffer.from("a")];
    const d = documentOf({ p: at, q: at, b: bytes, c: bytes });
    d.r = { at, more: at };
    d.p.setTime(7);
    expect([+base.get("a").p, +base.get("a").r.more]).toEqual([7, 5]);
  });
});

describe("a Map, Set or Date of a document", () => {
  beforeEach(() => use(structured<Any>(place().bytes)));
  const make = (): Any => ({ m: new Map([["a", 1]]), e: new Set([1]), at: new Date(5), n: 1 });

  it.each<[string, (d: Any) => unknown]>([
    ["a property", (d) => (d.m.foo = 1)],
    ["another method", (d) => (d.m.set = 1)],
    ["a symbol", (d) => (d.e[Symbol("s")] = 1)],
    ["defineProperty", (d) => Object.defineProperty(d.at, "x", { value: 1 })],
    ["another prototype", (d) => Object.setPrototypeOf(d.m, null)],
  ])("refuses %s", (_what, change) => {
    const d = documentOf(make());
    expect(() => change(d)).toThrow(TypeError);
    d.m.set("b", 2);
    expect([...base.get("a").m.keys()]).toEqual(["a", "b"]);
  });

  it.each<[string, (d: Any) => unknown]>([
    ["Map", (d) => Map.prototype.set.call(d.m, "ghost", 1)],
    ["Set", (d) => Set.prototype.delete.call(d.e, 1)],
    ["Date", (d) => Date.prototype.setTime.call(d.at, 9)],
  ])("takes no edits after a %s was changed around its methods", (_what, change) => {
    const d = documentOf(make());
    change(d);
    expect(() => (d.n = 2)).toThrow(changed);
    expect(() => batch(mine, () => (d.n = 2))).toThrow(changed);
    expect(base.get("a")).toEqual(make());
  });
});
