/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- documents of every shape */
import { asObject, batch, S3BucketMap } from "../../lib/index.js";
import type { BucketObject, SyncMap } from "../../lib/index.js";
import { edit, json, live, structured } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
type Any = any;

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const place = useLocalS3();
let places = 0;

describe.each(["atomics", "deasync"] as const)("a function that may be called again (%s)", (wait) => {
  let strings: S3BucketMap;
  let map: SyncMap<Any>;
  let documents: BucketObject<Any>;
  let ann: Any;
  beforeEach(() => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const prefix = `${places++}/`;
    strings = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix, wait });
    map = live(json<Any>(strings));
    documents = asObject(map);
    map.create("a", { n: 1, list: [2, 1] });
    map.create("b", { n: 1 });
    ann = documents["a"];
  });

  const writes: [string, () => unknown][] = [
    ["an edit", () => documents["a"].list.push(3)],
    ["an edit through a sub-map", () => asObject(map.subMap("a"))[""].list.push(3)],
    ["set", () => (documents["a"] = { n: 5 })],
    ["setMany", () => map.setMany([["a", { n: 5 }]])],
    ["create", () => map.create("a", { n: 5 })],
    ["delete", () => delete documents["a"]],
    ["deleteMany", () => map.deleteMany(["a"])],
    ["clear", () => map.clear()],
    ["update", () => map.update("a", () => ({ n: 5 }))],
    ["edit", () => edit(map, "a", (value) => (value.n = 5))],
  ];

  it.each<[string, () => unknown]>([
    ["a document that was read before", () => ann.list.push(3)],
    ["a document that is read inside", () => (documents["a"].n = 5)],
    ["a document of a sub-map", () => delete asObject(map.subMap("a"))[""].n],
    ["a document, in a batch", () => batch(documents, () => ann.list.push(3))],
  ])("of update, or of edit, may not edit %s", (_what, write) => {
    server.reset();
    const refused = /^A function passed to update or edit must not edit a live document of its own key/;
    let calls = 0;
    const error = thrownBy(() =>
      edit(map, "a", () => {
        calls += 1;
        write();
      }),
    ) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(refused);
    expect([calls, server.counts().PUT]).toEqual([1, 0]);
    batch(documents, () => expect(() => map.update("a", () => write() as Any)).toThrow(refused));
    expect(strings.get("a")).toBe('{"n":1,"list":[2,1]}');
    edit(map, "a", (value) => (value.n = 2));
    expect(documents["a"].n).toBe(2);
  });

  it("of update may write to other keys", () => {
    const { b } = documents;
    map.update("a", (value) => {
      b.n += 1;
      documents["c"] = { n: 5 };
      return { ...value, n: 3 };
    });
    expect([documents["a"].n, documents["b"].n, documents["c"].n]).toEqual([3, 2, 5]);
  });

  it.each(writes)("a comparator is refused %s", (_what, write) => {
    documents["d"] = { list: [2, 1, 3] };
    const { d } = documents;
    server.reset();
    expect(() => d.list.sort(write)).toThrow(
      /^A comparator must not edit a live document or write to its map/,
    );
    expect([server.counts().PUT, server.counts().DELETE]).toEqual([0, 0]);
    expect(d.list).toEqual([2, 1, 3]);
    d.list.sort();
    expect(strings.get("d")).toBe('{"list":[1,2,3]}');
  });
});

describe.each([
  ["json", () => json<Any>(place().strings)],
  ["structured", () => structured<Any>(place().bytes)],
])("what a comparator is given, over %s", (_name, makeBase) => {
  it("is like what is stored, and refuses changes", () => {
    const base = makeBase();
    base.set("a", {
      list: [
        { n: 2, more: { x: [1] } },
        { n: 1, more: { x: [2] } },
      ],
    });
    const { list } = asObject(live(base))["a"];
    const refused = /^Cannot set "\w+" of a frozen value/;
    expect(() => list.sort((a: Any) => (a.seen = 1))).toThrow(refused);
    expect(() => list.sort((a: Any) => (a.more.x[0] = 1))).toThrow(refused);
    expect(base.get("a").list[0].n).toBe(2);
    list.sort((a: Any, b: Any) => {
      expect(Object.keys(a)).toEqual(["n", "more"]);
      return a.n - b.n;
    });
    expect(base.get("a").list.map(({ n }: Any) => n)).toEqual([1, 2]);
  });
});

describe("what a comparator is given of Maps, Sets and Dates", () => {
  it("refuses changes", () => {
    const base = structured<Any>(place().bytes);
    base.set("a", { list: [new Map([["n", 2]]), new Map([["n", 1]])], dates: [new Date(2), new Date(1)] });
    const d = asObject(live(base))["a"];
    expect(() => d.list.sort((a: Any) => a.set("n", 0))).toThrow(/^Cannot call set of a frozen value/);
    expect(() => d.dates.sort((a: Any) => a.setTime(0))).toThrow(/^Cannot call setTime of a frozen value/);
    d.list.sort((a: Any, b: Any) => a.get("n") - b.get("n"));
    d.dates.sort((a: Any, b: Any) => a - b);
    expect([base.get("a").list[0].get("n"), base.get("a").dates[0].getTime()]).toEqual([1, 1]);
  });
});
