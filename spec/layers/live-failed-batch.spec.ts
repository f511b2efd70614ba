/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- documents of every shape */
import {
  asMap,
  asObject,
  batch,
  PartialFailureError,
  S3BucketMap,
  S3BucketMapError,
} from "../../lib/index.js";
import type { BucketObject, S3BucketOptions, SyncMap } from "../../lib/index.js";
import { edit, json, live, structured, validate, writeBuffer } from "../../lib/layers/index.js";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { z } from "zod";
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
afterEach(() => server.clearFaults());

const atServer = (): S3BucketOptions => ({
  endpoint: server.endpoint,
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
});
const changed = expect.objectContaining({ code: "DocumentChanged" }) as Error;
const place = useLocalS3();
let documents: BucketObject<Any>;
let others: BucketObject<Any>;

/** A batch that fails, as somebody else has changed what it had read. */
function failing(d: Any, fn: () => void): void {
  const read = d.n as number;
  const run = (): void =>
    batch(documents, () => {
      fn();
      d.n = read + 1;
      others["a"].n += 10;
    });
  expect(run).toThrow(expect.objectContaining({ code: "PartialFailure" }) as Error);
}

describe.each([
  ["json", () => json<Any>(place().strings)],
  ["structured", () => structured<Any>(place().bytes)],
])("a document after a batch that failed, over %s", (name, makeBase) => {
  const documentOf = (value: unknown): Any => {
    const base = makeBase();
    base.set("a", value);
    [documents, others] = [asObject(live(base)), asObject(live(base))];
    return documents["a"];
  };

  it("has its objects again, and not those of the batch", () => {
    const d = documentOf({ o: { x: 1 }, n: 1 });
    const { o } = d;
    let inBatch: Any;
    failing(d, () => {
      d.o = { x: 2 };
      inBatch = d.o;
    });
    expect([d.o === o, d.o === inBatch, d.o.x]).toEqual([true, false, 1]);
    expect(() => (inBatch.x = 8)).toThrow(changed);
    o.x = 7;
    expect(others["a"].o).toEqual({ x: 7 });
  });

  it.each<[string, (list: Any[]) => unknown]>([
    ["shift", (list) => list.shift()],
    ["reverse", (list) => list.reverse()],
    ["unshift", (list) => list.unshift({ x: 0 })],
    ["splice", (list) => list.splice(0, 2, { x: 5 })],
    ["a new array", (list) => list.push({ x: 9 })],
  ])("has the elements again that it had before %s", (_what, change) => {
    const d = documentOf({ list: [{ x: 1 }, { x: 2 }], n: 1 });
    const [first, second] = d.list;
    failing(d, () => change(d.list));
    expect([...d.list]).toEqual([{ x: 1 }, { x: 2 }]);
    expect([d.list[0] === first, d.list[1] === second]).toEqual([true, true]);
    second.x = 7;
    expect(others["a"].list).toEqual([{ x: 1 }, { x: 7 }]);
  });

  it("does not take what was read in the batch for what is stored", () => {
    const d = documentOf({ o: { x: 1 }, list: [1], k: 1, n: 1 });
    let was: Any;
    failing(d, () => {
      d.o.x = 5;
      d.list.push(5);
      was = [d.o.x, d.list.length];
    });
    expect(() => (d.o.x = was[0] + 1)).toThrow(changed);
    expect(() => (d.list[was[1]] = 6)).toThrow(changed);
    expect(d).toEqual({ o: { x: 1 }, list: [1], k: 1, n: 1 });
    d.k += 1;
    d.o.x += 1;
    d.list.push(d.list.length);
    expect(others["a"]).toEqual({ o: { x: 2 }, list: [1, 1], k: 2, n: 11 });
  });

  it("that was read in the batch shows what is stored, too", () => {
    const d = documentOf({ list: [{ x: 1 }], n: 1 });
    let [read, held] = [undefined as Any, undefined as Any];
    failing(d, () => {
      d.list.unshift({ x: 0 });
      read = documents["a"];
      held = read.list[0];
      expect(held.x).toBe(0);
    });
    expect(read).toEqual({ list: [{ x: 1 }], n: 1 });
    expect(() => (held.x = 8)).toThrow(changed);
    read.list.push({ x: 2 });
    expect(others["a"].list).toEqual([{ x: 1 }, { x: 2 }]);
  });

  it("of which another document was edited has its objects again, too", () => {
    const d = documentOf({ list: [{ x: 1 }], o: { x: 1 }, n: 1 });
    const other = documents["a"];
    const [element, o] = [other.list[0], other.o];
    failing(d, () => {
      d.list.unshift({ x: 0 });
      d.o.x = 3;
      expect([other.list.length, o.x]).toEqual([2, 3]);
    });
    expect([other.list[0] === element, o.x]).toEqual([true, 1]);
  });

  if (name === "structured") {
    it("has its Maps, Sets and Dates again", () => {
      const make = (): Any => ({ m: new Map([["a", { x: 1 }]]), e: new Set([1]), at: new Date(5), n: 1 });
      const d = documentOf(make());
      const { m, e, at } = d;
      const held = m.get("a");
      failing(d, () => {
        m.delete("a");
        e.add(2).delete(1);
        at.setTime(9);
      });
      expect(() => at.setTime(7)).toThrow(changed);
      expect(d).toEqual(make());
      expect([d.m === m, m.get("a") === held, d.e === e, d.at === at]).toEqual([true, true, true, true]);
      held.x = 2;
      expect(others["a"].m.get("a")).toEqual({ x: 2 });
    });
  }
});

describe.each(["atomics", "deasync"] as const)("what a batch of edits reports (%s)", (wait) => {
  let strings: S3BucketMap;
  let places = 0;
  beforeEach(() => {
    const prefix = `${wait}${places++}/`;
    strings = new S3BucketMap("bucket", { ...atServer(), prefix, wait });
    const base = json<Any>(strings);
    [documents, others] = [asObject(live(base)), asObject(live(base))];
    base.create("a", { n: 1, list: [1] });
  });
  const failure = (run: () => void): Any => thrownBy(() => batch(documents, run));

  it("names what was set whole besides, once", () => {
    documents["b"] = { n: 1 };
    const error = failure(() => {
      const d = documents["a"];
      d.list[0] = 2;
      documents["new"] = { n: 1 };
      documents["b"] = { n: 2 };
      documents["b"].n += 1;
      delete documents["gone"];
      others["a"].list.push(2);
    });
    expect(error.succeeded.toSorted()).toEqual(["b", "gone", "new"]);
    expect([...error.failed.keys()]).toEqual(["a"]);
    expect(error.message).toMatch(/^Of 4 keys, 3 were written and 1 was not; /);
    expect(strings.get("b")).toBe('{"n":3}');
  });

  it("names both an edit and a whole value that failed", () => {
    server.fault({ key: /new$/, operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    const error = failure(() => {
      documents["a"].list[0] = 2;
      documents["new"] = { n: 1 };
      others["a"].list.push(2);
    });
    expect([...error.failed].map(([key, { code }]) => [key, code]).toSorted()).toEqual([
      ["a", "DocumentChanged"],
      ["new", "AccessDenied"],
    ]);
    expect(error.succeeded).toEqual([]);
  });

  it("names an edit that was stored besides a whole value that failed", () => {
    server.fault({ key: /new$/, operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    const error = failure(() => {
      documents["a"].n = 5;
      documents["new"] = { n: 1 };
    });
    expect([...error.failed.keys()]).toEqual(["new"]);
    expect(error.succeeded).toEqual(["a"]);
  });

  it("is what its function threw, if that is the error of another map", () => {
    server.fault({ key: /bad$/, operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    const other = new S3BucketMap("bucket", { ...atServer(), prefix: "other/" });
    let inside: unknown;
    const error = failure(() => {
      documents["a"].n = 5;
      inside = thrownBy(() => other.setMany([["bad", "1"]]));
      throw inside;
    });
    expect(error).toBe(inside);
  });

  it("says that earlier edits of the key are stored, where they are", () => {
    const error = failure(() => {
      const d = documents["a"];
      d.n = 5;
      expect(asMap(documents).head("a")).toBeDefined();
      d.list[0] = 2;
      others["a"].list.push(2);
    });
    expect(error.failed.get("a").message).toContain(
      "the earlier edits of the batch are stored, and nothing more was written",
    );
    expect(strings.get("a")).toBe('{"n":5,"list":[1,2]}');
  });

  it("has no part in an edit that was refused", () => {
    const d = documents["a"];
    server.reset();
    batch(documents, () => expect(() => (d.n = NaN)).toThrow(TypeError));
    expect(server.counts().total).toBe(0);
  });

  it("has what a layer beneath refuses once the value is another, and stores the other keys", () => {
    const schema = z.object({ n: z.number(), list: z.array(z.number()).max(2) });
    documents = asObject(live(validate(json(strings), schema)));
    documents["b"] = { n: 1, list: [] };
    const [a, b] = [documents["a"], documents["b"]];
    const error = failure(() => {
      a.list.push(2);
      b.n = 2;
      others["a"].list.push(3);
    });
    expect(error).toMatchObject({ code: "PartialFailure", succeeded: ["b"] });
    expect(error.failed.get("a")).toMatchObject({ code: "DocumentChanged", cause: expect.any(TypeError) });
    expect(error.failed.get("a").message).toMatch(/validate: the value does not match.*nothing was written/);
    expect([strings.get("a"), strings.get("b"), a.list]).toEqual([
      '{"n":1,"list":[1,3]}',
      '{"n":2,"list":[]}',
      [1],
    ]);
  });
});

describe.each(["atomics", "deasync"] as const)(
  "an edit that a call in the batch could not store, wait: %s",
  (wait) => {
    const denied = { status: 403, code: "AccessDenied" };
    const calls: [string, (under: SyncMap<Any>) => unknown][] = [
      ["an inner batch", (under) => batch(under, () => (asObject(under)["b"].n = 2))],
      ["an empty batch", (under) => batch(under, () => {})],
      ["list", (under) => [...under.list()]],
      ["head", (under) => under.head("a")],
      ["edit", (under) => edit(under, "a", (value) => void (value.n = 3))],
    ];
    const open = (): SyncMap<Any> => {
      const base = new S3BucketMap("bucket", {
        endpoint: server.endpoint,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
        prefix: `edits-${(opened += 1)}/`,
        wait,
      });
      for (const key of ["a", "b"]) base.set(key, '{"n":1}');
      server.fault({ operation: "PUT", key: /\/a$/, times: Infinity, action: denied });
      return live(json<Any>(base));
    };
    let opened = 0;

    it.each(calls)("is thrown by the end of the batch, though %s has thrown it inside", (_what, use) => {
      const map = open();
      const error = thrownBy(() =>
        batch(map, () => {
          asObject(map)["a"].n = 2;
          expect(thrownBy(() => use(map))).toBeInstanceOf(S3BucketMapError);
        }),
      );
      expect(error).toBeInstanceOf(PartialFailureError);
      expect([...(error as PartialFailureError).failed.keys()]).toEqual(["a"]);
      expect(map.get("a")).toEqual({ n: 1 });
    });

    it.each(calls)("is no failure if it is stored after %s could not store it", (_what, use) => {
      const map = open();
      batch(map, () => {
        asObject(map)["a"].n = 2;
        expect(thrownBy(() => use(map))).toBeInstanceOf(S3BucketMapError);
        server.clearFaults();
        asObject(map)["a"].n = 4;
      });
      expect(map.get("a")).toEqual({ n: 4 });
    });
  },
);

describe.each(["atomics", "deasync"] as const)("a batch that S3 refused, wait: %s,", (wait) => {
  let strings: S3BucketMap;
  let d: Any;
  beforeEach(() => {
    strings = new S3BucketMap("refused", { ...atServer(), wait });
    strings.set("d", '{"list":[{"a":1},{"a":2}],"f":1}');
    documents = asObject(live(json<Any>(strings)));
    d = documents["d"];
  });
  const refused = (fn: () => void): void => {
    server.fault({
      key: /d$/,
      operation: "PUT",
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    expect(() => batch(documents, fn)).toThrow(/AccessDenied/);
    server.clearFaults();
  };

  it.each<[string, () => void, () => void, string]>([
    [
      "another element",
      () => (d.list[1].x = 1),
      () => (d.list[0].y = 2),
      '{"list":[{"a":1,"y":2},{"a":2}],"f":1}',
    ],
    ["a field that was read before it", () => (d.f = 7), () => (d.f = 8), '{"list":[{"a":1},{"a":2}],"f":8}'],
    [
      "an array that was read before it",
      () => d.list.push(1),
      () => (d.list[0] = 3),
      '{"list":[3,{"a":2}],"f":1}',
    ],
  ])("leaves the document to be edited: %s", (_what, inBatch, after, stored) => {
    expect(JSON.stringify(d)).toBe(strings.get("d"));
    refused(inBatch);
    after();
    expect(strings.get("d")).toBe(stored);
  });

  it("can be repeated with objects that were read before it", () => {
    const [element, list] = [d.list[0], d.list];
    const edits = (): void => {
      element.x = 1;
      list[1].y = 2;
      d.f = 3;
    };
    refused(edits);
    batch(documents, edits);
    expect(strings.get("d")).toBe('{"list":[{"a":1,"x":1},{"a":2,"y":2}],"f":3}');
  });

  it("does not make a value current that was read in it", () => {
    let seen = 0;
    refused(() => {
      d.f = 7;
      seen = d.f as number;
    });
    expect(() => (d.f = seen + 1)).toThrow(changed);
  });
});

describe.each(["atomics", "deasync"] as const)("an edit that a batch has lost, wait: %s,", (wait) => {
  beforeEach(() => {
    const strings = new S3BucketMap("lost", { ...atServer(), wait });
    strings.set("d", '{"t":[]}');
    documents = asObject(live(json<Any>(strings)));
    server.fault({ key: /d$/, operation: "PUT", times: 1, action: { status: 403, code: "AccessDenied" } });
  });
  const lost = (): void => {
    documents["d"].t.push(5);
    expect(thrownBy(() => asMap(documents).head("d"))).toMatchObject({ code: "AccessDenied" });
  };

  it("is in the error, although a later edit of the document is stored", () => {
    const run = (): void =>
      batch(documents, () => {
        lost();
        documents["d"].t.push(6);
      });
    expect([...(thrownBy(run) as PartialFailureError).failed.keys()]).toEqual(["d"]);
    expect(documents["d"].t).toEqual([6]);
  });

  it("is in the error if it was made twice and is repeated once", () => {
    const run = (): void =>
      batch(documents, () => {
        documents["d"].t.push(5);
        lost();
        documents["d"].t.push(5);
      });
    expect([...(thrownBy(run) as PartialFailureError).failed.keys()]).toEqual(["d"]);
    expect(documents["d"].t).toEqual([5]);
  });

  it.each<[string, () => void, number[]]>([
    ["the whole value is set later", () => (documents["d"] = { t: [7] }), [7]],
    ["it is repeated", () => documents["d"].t.push(5), [5]],
    ["setMany writes the value", () => asMap(documents).setMany([["d", { t: [8] }]]), [8]],
    [
      "it is deleted and created",
      () => {
        asMap(documents).deleteMany(["d"]);
        asMap(documents).create("d", { t: [9] });
      },
      [9],
    ],
  ])("does not matter if %s", (_what, then, stored) => {
    batch(documents, () => {
      lost();
      then();
    });
    expect(documents["d"].t).toEqual(stored);
  });
});

describe.each(["atomics", "deasync"] as const)(
  "over json(writeBuffer), wait: %s, a write that failed",
  (wait) => {
    let strings: S3BucketMap;
    let documents: BucketObject<Any>;
    beforeEach(() => {
      strings = new S3BucketMap("buffered", { ...atServer(), wait });
      strings.clear();
      strings.set("bob", '{"n":1}');
      documents = asObject(live(json<Any>(writeBuffer(strings))));
      server.fault({
        key: /ann$/,
        operation: "PUT",
        times: Infinity,
        action: { status: 403, code: "AccessDenied" },
      });
    });
    const listed = (error: Any): unknown => [[...error.failed.keys()], error.succeeded.toSorted()];

    it("does not keep the edits of other documents from being stored at the end of a batch", () => {
      const error = thrownBy(() =>
        batch(documents, () => {
          documents["bob"].n = 2;
          documents["ann"] = { a: 1 };
          documents["carl"] = { c: 1 };
        }),
      );
      expect(listed(error)).toEqual([["ann"], ["bob", "carl"]]);
      expect([strings.get("bob"), strings.get("carl"), strings.get("ann")]).toEqual([
        '{"n":2}',
        '{"c":1}',
        undefined,
      ]);
    });

    it("is thrown by a listing inside a batch, and the edits are stored at its end", () => {
      const error = thrownBy(() =>
        batch(documents, () => {
          documents["bob"].n = 2;
          documents["ann"] = { a: 1 };
          expect(listed(thrownBy(() => Object.keys(documents)))).toEqual([["ann"], []]);
        }),
      );
      expect(listed(error)).toEqual([["ann"], ["bob"]]);
      expect(strings.get("bob")).toBe('{"n":2}');
    });

    it("is thrown by an edit of another document, which is not in doubt", () => {
      server.clearFaults();
      server.fault({ key: /ann$/, operation: "PUT", times: Infinity, action: { reset: "before" } });
      const bob = documents["bob"];
      documents["ann"] = { a: 1 };
      expect(listed(thrownBy(() => (bob.n = 2)))).toEqual([["ann"], []]);
      expect([bob.n, strings.get("bob")]).toEqual([1, '{"n":1}']);
      bob.n = 3;
      expect(strings.get("bob")).toBe('{"n":3}');
    });

    it("before the batch is not what becomes of an edit of the batch", () => {
      documents["ann"] = { a: 1 };
      expect(listed(thrownBy(() => asMap(documents).size))).toEqual([["ann"], []]);
      server.clearFaults();
      strings.set("ann", '{"a":0}');
      batch(documents, () => (documents["ann"].a = 2));
      expect(strings.get("ann")).toBe('{"a":2}');
    });

    it("is printed if the batch ends the process", () => {
      const index = JSON.stringify(path.join(__dirname, "../../dist/index.js"));
      const layers = JSON.stringify(path.join(__dirname, "../../dist/layers/index.js"));
      const program = `
      const { asObject, batch, S3BucketMap } = require(${index});
      const { json, live, writeBuffer } = require(${layers});
      const strings = new S3BucketMap("buffered", ${JSON.stringify({ ...atServer(), wait })});
      const documents = asObject(live(json(writeBuffer(strings))));
      batch(documents, () => {
        documents.bob.n = 2;
        documents.ann = { a: 1 };
        process.exit();
      });`;
      const { status, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
      expect(stderr).toContain('Cannot write "ann" in bucket "buffered": AccessDenied');
      expect([status, strings.get("bob")]).toEqual([1, '{"n":2}']);
    });
  },
);
