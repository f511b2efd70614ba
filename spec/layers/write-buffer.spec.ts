import { spawnSync } from "node:child_process";
import path from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { asObject, PartialFailureError, S3BucketMap } from "../../lib/index.js";
import type { S3BucketOptions, SyncMap } from "../../lib/index.js";
import { cache, encrypt, gzip, json, readonly, structured, writeBuffer } from "../../lib/layers/index.js";
import type { WriteBuffer } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy } from "../support/local-maps.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;
function options(more: S3BucketOptions = {}): S3BucketOptions {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return { endpoint: server.endpoint, credentials, prefix: `${places}/`, timeoutMs: 20_000, ...more };
}
let base: S3BucketMap;
let bytes: S3BucketMap<"bytes">;
let map: WriteBuffer<string>;
beforeEach(() => {
  places += 1;
  base = new S3BucketMap("bucket", options());
  bytes = new S3BucketMap("bucket", { ...options(), readAs: "bytes" });
  map = writeBuffer(base);
  server.reset();
});

const stall = (): void => server.fault({ operation: "PUT", times: Infinity, action: { stall: "before" } });
const refuse = (key: RegExp): void =>
  server.fault({ key, times: Infinity, action: { status: 403, code: "AccessDenied" } });

describe.each(["atomics", "deasync"] as const)("writeBuffer, wait: %s", (wait) => {
  beforeEach(() => {
    map = writeBuffer(new S3BucketMap("bucket", options({ wait })));
  });

  it("gives getMany what leaves the buffer while it reads", () => {
    base.setMany([["other", "0"], ["b", "old"]]); // prettier-ignore
    server.fault({ operation: "PUT", times: Infinity, action: { delayMs: 30 } });
    server.fault({ operation: "GET", times: Infinity, action: { delayMs: 150 } });
    map.set("a", "1").set("b", "new");
    expect(map.getMany(["a", "other", "b"])).toEqual(
      new Map(Object.entries({ a: "1", other: "0", b: "new" })),
    );
    expect(map.getMany(["other", "missing", "a", "b"]).size).toBe(3);
  });

  it("returns at once, and reads what it wrote while S3 has none of it", () => {
    base.set("deleted", "old");
    stall();
    map.set("a", "1").setMany([["b", "2"]]); // prettier-ignore
    map.delete("deleted");
    expect([map.get("a"), map.get("b"), map.get("deleted"), map.has("a"), map.has("deleted")]).toEqual([
      "1",
      "2",
      undefined,
      true,
      false,
    ]);
    expect([...map.getMany(["b", "deleted", "a"])]).toEqual([["b", "2"], ["a", "1"]]); // prettier-ignore
    // To ask for "a" past the buffer would wait for its PUT: the order of the program holds there, too.
    expect(server.counts()).toMatchObject({ GET: 0, HEAD: 0 });
    server.clearFaults();
    map.flush();
    expect([...base]).toEqual([["a", "1"], ["b", "2"]]); // prettier-ignore
  });

  it("sends those that were made while others were under way together, and the last value of a key only", () => {
    server.fault({ operation: "PUT", key: /first$/, action: { delayMs: 200 } });
    map.set("first", "1");
    for (let value = 0; value < 100; value += 1) map.set("often", `${value}`).set(`key ${value}`, "x");
    map.flush();
    expect(server.counts()).toMatchObject({ PUT: 102, total: 102 });
    expect(server.maxConcurrent()).toBeGreaterThan(1);
    expect(base.get("often")).toBe("99");
    expect(base.size).toBe(102);
    server.reset();
    map.deleteMany([...map.keys()]);
    map.flush();
    expect(server.counts()).toMatchObject({ LIST: 1, DELETE_OBJECTS: 1, total: 2 });
  });

  it("keeps the order of the writes to one key, deletions with them", () => {
    for (let turn = 0; turn < 30; turn += 1) {
      map.set("key", `${turn}`);
      if (turn % 3 === 0) map.delete("key");
      expect(map.get("key")).toBe(turn % 3 === 0 ? undefined : `${turn}`);
    }
    map.flush();
    expect(base.get("key")).toBe("29");
    map.delete("key");
    map.flush();
    expect(base.has("key")).toBe(false);
  });
});

describe("writeBuffer", () => {
  it.each<[string, (map: WriteBuffer<string>) => unknown, unknown]>([
    ["keys", (under) => [...under.keys()], ["a", "key"]],
    ["entries", (under) => [...under], [["a", "1"], ["key", "new"]]], // prettier-ignore
    ["list", (under) => [...under.list()].map(({ key }) => key), ["a", "key"]],
    ["size", (under) => under.size, 2],
    ["head", (under) => under.head("a")?.size, 1],
    ["create", (under) => [under.create("a", "2"), under.get("a")], [false, "1"]],
    ["update", (under) => under.update("a", (value) => `${value}!`), "1!"],
    ["clear", (under) => [under.clear(), under.get("a"), under.size], [undefined, undefined, 0]],
    ["Object.keys", (under) => Object.keys(asObject(under)), ["a", "key"]],
    ["spread", (under) => ({ ...asObject(under) }), { a: "1", key: "new" }],
  ])("lets %s see what is in the buffer", (_what, use, result) => {
    base.set("key", "old").set("gone", "x");
    map.set("a", "1").set("key", "new");
    map.delete("gone");
    expect(use(map)).toEqual(result);
  });

  it("sends a conditional write when all before it is durable, and at once", () => {
    map.set("key", "1");
    const { etag } = map.head("key")!;
    map.set("key", "2", { ifMatch: etag });
    expect(base.get("key")).toBe("2");
    map.set("other", "x");
    expect(() => map.set("key", "3", { ifMatch: etag })).toThrow(
      expect.objectContaining({ code: "PreconditionFailed" }) as Error,
    );
    expect([map.get("key"), base.get("other")]).toEqual(["2", "x"]);
  });

  it("refuses at once what the base refuses, and nothing is in the buffer then", () => {
    for (const write of [
      () => map.set("a", 1 as never),
      () => map.set("a\ud800", "1"),
      () => map.set("a", "1", { contentTyp: "x" } as never),
      () => map.setMany([["a", "1"], ["b", undefined as never]]), // prettier-ignore
      () => map.delete(undefined as never),
      () => writeBuffer(json<unknown>(base)).set("a", { b: undefined }),
      () => json<unknown>(map).set("a", { b: undefined }),
      () => writeBuffer(readonly(base)).set("a", "1"),
    ]) {
      expect(write).toThrow(TypeError);
    }
    map.flush();
    expect(map.get("undefined")).toBeUndefined();
    expect(server.counts()).toMatchObject({ PUT: 0, DELETE: 0 });
  });

  it("throws what failed at the flush, and then reads what is stored", () => {
    base.set("refused", "before").set("also refused", "x");
    refuse(/refused$/);
    map.set("a", "1").set("refused", "after").set("z", "2");
    map.delete("also refused");
    server.fault({ operation: "DELETE_OBJECTS", action: { status: 403, code: "AccessDenied" } });
    const error = thrownBy(() => map.flush()) as PartialFailureError;
    expect(error).toBeInstanceOf(PartialFailureError);
    expect(error).toMatchObject({ code: "PartialFailure", operation: "flush", succeeded: ["a", "z"] });
    expect([...error.failed].map(([key, { code, operation }]) => [key, code, operation])).toEqual([
      ["refused", "AccessDenied", "set"],
      ["also refused", "AccessDenied", "delete"],
    ]);
    server.clearFaults();
    expect([map.get("refused"), map.get("also refused"), map.get("a")]).toEqual(["before", "x", "1"]);
    expect(Object.fromEntries(map)).toEqual(Object.fromEntries(base));
    map.flush();
  });

  it("forgets the failure of a value that is written again", () => {
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" } });
    map.set("key", "1").set("key", "2");
    map.flush();
    expect(server.log().map(({ status }) => status)).toEqual([403, 200]);
    expect([map.get("key"), base.get("key")]).toEqual(["2", "2"]);
  });

  it("blocks a write that finds it full, until there is room, and tells it of failures then", () => {
    for (const limits of [{ max: 10 }, { maxBytes: 20 }]) {
      const small = writeBuffer(base, limits);
      for (let key = 0; key < 50; key += 1) small.set(`key ${key}`, "ab");
      small.flush();
      expect(base.size).toBe(50);
      base.clear();
    }
    refuse(/key \d+$/);
    const small = writeBuffer(base, { max: 10 });
    const written: number[] = [];
    const error = thrownBy(() => {
      for (let key = 0; ; key += 1) {
        small.set(`key ${key}`, "ab");
        written.push(key);
      }
    });
    expect(error).toMatchObject({ code: "PartialFailure", succeeded: [] });
    expect((error as PartialFailureError).failed.size).toBe(11);
    server.clearFaults();
    expect((thrownBy(() => small.flush()) as PartialFailureError).failed.size).toBe(11);
    small.flush();
    expect(base.size).toBe(0);
  });

  it("is sent by itself while the program waits for something else", async () => {
    map.set("a", "1").set("b", "2");
    const durable = async (): Promise<boolean> => {
      for (let turn = 0; turn < 1000; turn += 1) {
        if (server.counts().PUT === 2) return true;
        await later(10);
      }
      return false;
    };
    expect(await durable()).toBe(true);
    map.flush();
    expect(base.size).toBe(2);
  });

  it("is shared with its sub-maps", () => {
    const sub = map.subMap("a/");
    stall();
    sub.set("b", "1");
    expect([map.get("a/b"), sub.get("b"), map.subMap("a").has("/b")]).toEqual(["1", "1", true]);
    server.clearFaults();
    map.set("a/b", "2");
    sub.flush();
    expect(base.get("a/b")).toBe("2");
  });

  it("gives Buffers of the program's own, and keeps its own", () => {
    const buffer = writeBuffer(bytes);
    stall();
    const value = Buffer.from("words");
    buffer.set("key", value);
    value.fill("x");
    buffer.get("key")!.fill("x");
    expect(String(buffer.get("key"))).toBe("words");
    server.clearFaults();
    buffer.flush();
    expect(String(bytes.get("key"))).toBe("words");
  });

  it.each<[string, (bytes: S3BucketMap<"bytes">, strings: S3BucketMap) => SyncMap<object>]>([
    ["json(writeBuffer(strings))", (_bytes, strings) => json(writeBuffer(strings))],
    ["writeBuffer(json(strings))", (_bytes, strings) => writeBuffer(json<object>(strings))],
    [
      "writeBuffer(structured(gzip(encrypt(bytes))))",
      (under) => writeBuffer(structured<object>(gzip(encrypt(under, secret)))),
    ],
    [
      "structured(gzip(writeBuffer(encrypt(bytes))))",
      (under) => structured<object>(gzip(writeBuffer(encrypt(under, secret)))),
    ],
    [
      "writeBuffer(cache(json(strings)))",
      (_bytes, strings) => writeBuffer(cache(json<object>(strings), { ttl: Infinity })),
    ],
    ["cache(json(writeBuffer(strings)))", (_bytes, strings) => cache(json<object>(writeBuffer(strings)))],
    [
      "writeBuffer(writeBuffer(json(strings)))",
      (_bytes, strings) => writeBuffer(writeBuffer(json<object>(strings))),
    ],
  ])("reads what it wrote in %s as it will come back, before and after it is durable", (_what, stack) => {
    const under = stack(bytes, base);
    under.set("before", { n: 0 }).get("before");
    const flushed = under.size;
    stall();
    const value = { n: 1, tags: ["a"] };
    under.set("key", value).set("before", { n: 2 });
    value.tags.push("changed");
    expect([under.get("key"), under.get("before"), under.subMap("k").get("ey")]).toEqual([
      { n: 1, tags: ["a"] },
      { n: 2 },
      { n: 1, tags: ["a"] },
    ]);
    server.clearFaults();
    expect(under.size).toBe(flushed + 1);
    expect(Object.fromEntries(stack(bytes, base))).toEqual({ before: { n: 2 }, key: { n: 1, tags: ["a"] } });
    expect(Object.fromEntries(under)).toEqual({ before: { n: 2 }, key: { n: 1, tags: ["a"] } });
  });

  it("flushes before it is closed", () => {
    map.set("a", "1");
    map.close();
    expect(new S3BucketMap("bucket", options()).get("a")).toBe("1");
    expect(() => map.set("b", "1")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
    expect(() => map.get("a")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
    expect(thrownBy(() => map.flush())).toMatchObject({
      code: "Closed",
      operation: "flush",
      bucket: "bucket",
    });
    map.close();
  });

  it("tells at the flush that the map beneath was closed", () => {
    base.close();
    expect(() => map.set("a", "1")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
    map = writeBuffer(new S3BucketMap("bucket", options()));
    const under = new S3BucketMap("bucket", options());
    map = writeBuffer(under);
    server.fault({ operation: "PUT", action: { delayMs: 100 } });
    map.set("a", "1").set("b", "2");
    under.close();
    expect(thrownBy(() => map.flush())).toMatchObject({ code: "PartialFailure", succeeded: ["a"] });
    map.flush();
  });

  it.each<[string, object, RegExp]>([
    ["a misspelt option", { maxbyte: 1 }, /did you mean "maxBytes"/],
    ["room for nothing", { max: 0 }, /max of writeBuffer must be a whole number of at least 1/],
  ])("refuses %s", (_what, given, message) => {
    expect(() => writeBuffer(base, given)).toThrow(message);
  });
});

describe("writeBuffer at the end of the program", () => {
  const program = (end: string): ReturnType<typeof spawnSync> => {
    const text = `
      const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../../dist/index.js"))});
      const { writeBuffer } = require(${JSON.stringify(path.join(__dirname, "../../dist/layers/index.js"))});
      const map = writeBuffer(new S3BucketMap("bucket", ${JSON.stringify(options())}));
      for (let key = 0; key < 200; key += 1) map.set("key " + key, "value");
      ${end}`;
    return spawnSync(process.execPath, ["-e", text], { encoding: "utf8", timeout: 60_000 });
  };

  it.each([
    ["by itself", "", 0],
    ["by process.exit", "process.exit(3)", 3],
    ["by an error", 'throw new Error("the end")', 1],
    ["by a rejection", 'Promise.reject(new Error("the end"))', 1],
  ])("writes what is left when it ends %s", (_how, end, status) => {
    expect(program(end)).toMatchObject({ status });
    expect(base.size).toBe(200);
  });

  it("prints what failed, and exits with 1", () => {
    refuse(/key 1\d\d$/);
    const { status, stderr } = program("");
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^s3bucketmap: writeBuffer at exit: Of \d+ writes in the buffer, \d+ were stored and \d+ were not; the first that failed: Cannot write .*AccessDenied/,
    );
    expect(base.size).toBe(100);
  });

  it("loses what is left when it is killed", () => {
    server.fault({ operation: "PUT", times: Infinity, action: { stall: "before" } });
    expect(program('process.kill(process.pid, "SIGKILL")')).toMatchObject({ signal: "SIGKILL" });
    server.clearFaults();
    expect(base.size).toBe(0);
  });
});
