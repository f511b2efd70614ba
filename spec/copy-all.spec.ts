import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { asObject, copyAll, S3BucketMap } from "../lib/index.js";
import type { PartialFailureError, S3BucketOptions, SyncMap } from "../lib/index.js";
import { cache, encrypt, gzip, json, readonly, text, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { secret } from "./support/layer-stacks.js";
import { thrownBy } from "./support/local-maps.js";

jest.setTimeout(60_000);

let server: HttpS3;
let other: HttpS3;
beforeAll(async () => {
  [server, other] = await Promise.all([startHttpS3({ pageSize: 50 }), startHttpS3()]);
});
afterAll(() => Promise.all([server.close(), other.close()]));
afterEach(() => server.clearFaults());

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
let number = 0;
function open<As extends "string" | "bytes" = "string">(
  options: S3BucketOptions<As> = {},
  bucket = "bucket",
): S3BucketMap<As> {
  const prefix = `all ${(number += 1)}/`;
  return new S3BucketMap(bucket, {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials,
    prefix,
    ...options,
  });
}

function cost(use: () => unknown): Record<string, number> {
  server.reset();
  use();
  const { total: _, ...kinds } = server.counts();
  return Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
}

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
const numbered = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, key) => [String(key).padStart(4, "0"), `value ${key}`]);

describe.each(["atomics", "deasync"] as const)("copyAll, wait: %s", (wait) => {
  it("copies within the service, by 1 LIST a page and 1 HEAD and 1 CopyObject a key", () => {
    const [source, target] = [open({ wait }), open({ wait })];
    source.setMany(numbered(120), { metadata: { a: "b" } });
    target.set("0001", "old");
    expect(cost(() => expect(copyAll(source, target)).toBe(120))).toEqual({ LIST: 3, HEAD: 120, COPY: 120 });
    expect([...target]).toEqual(numbered(120));
    expect(target.head("0119")!.metadata).toEqual({ a: "b" });
  });
});

describe("copyAll", () => {
  it("copies to another bucket of the service, and between maps that were made apart", () => {
    const [source, target] = [open(), open({ readAs: "bytes", concurrency: 3 }, "another")];
    source.setMany([
      ["a", "1"],
      ["b/c", "2"],
    ]);
    expect(cost(() => copyAll(source, target))).toEqual({ LIST: 1, HEAD: 2, COPY: 2 });
    expect(target.get("b/c")).toEqual(Buffer.from("2"));
  });

  it("takes objects, a prefix, and a function that names the copies", () => {
    const map = open();
    map.setMany([
      ["2025/a", "1"],
      ["2025/b", "2"],
      ["2026/a", "3"],
    ]);
    const key = (from: string): string | undefined => (from.endsWith("b") ? undefined : `old/${from}`);
    expect(copyAll(asObject(map), asObject(map), { prefix: "2025/", key })).toBe(1);
    expect([...map.keys()]).toEqual(["2025/a", "2025/b", "2026/a", "old/2025/a"]);
    const target = open();
    copyAll(map, target, { prefix: "2025/" });
    expect([...target.keys()]).toEqual(["2025/a", "2025/b"]);
    expect(copyAll(map, target, { prefix: "none" })).toBe(0);
  });

  it("reads and writes where the services, credentials or layers differ", () => {
    const source = open();
    source.setMany(
      [
        ["a", "1"],
        ["b", "2"],
      ],
      { contentType: "text/csv", metadata: { a: "b" }, cacheControl: "no-store" },
    );
    const targets: [string, SyncMap<never>][] = [
      [
        "another endpoint",
        open({ endpoint: server.endpoint.replace("127.0.0.1", "localhost") }, "elsewhere") as never,
      ],
      [
        "other credentials",
        open({ credentials: { accessKeyId: "other", secretAccessKey: "secret" } }) as never,
      ],
      ["json", json(open()) as never],
      ["encrypt", text(encrypt(open({ readAs: "bytes" }), secret)) as never],
    ];
    for (const [name, target] of targets) {
      expect([name, cost(() => copyAll(source, target as never))]).toEqual([
        name,
        { LIST: 1, GET: 2, PUT: 2 },
      ]);
      expect([name, target.get("b")]).toEqual([name, "2"]);
      const kept = { contentType: "text/csv", metadata: { a: "b" }, cacheControl: "no-store" };
      expect(target.head("a")).toMatchObject(kept);
    }
    expect(cost(() => copyAll(json(source as never), json(open())))).toMatchObject({ COPY: 2 });
  });

  it("gives no Content-Type of one layer to values that another stores", () => {
    const [source, target] = [json<string>(open()), open()];
    source.set("key", "text");
    copyAll(source, target);
    expect([target.get("key"), target.head("key")!.contentType]).toEqual([
      "text",
      "text/plain; charset=utf-8",
    ]);
    const compressed = open({ readAs: "bytes" });
    copyAll(source, text(gzip(compressed)));
    expect(compressed.head("key")).toMatchObject({
      contentEncoding: "gzip",
      contentType: "text/plain; charset=utf-8",
    });
  });

  it("copies between a service, the local S3 and native Maps", () => {
    const source = open();
    source.setMany([
      ["a", "1"],
      ["b", "2"],
    ]);
    const local = new S3BucketMap("bucket", { local: ":memory:", prefix: "all 1/" });
    expect(copyAll(source, local)).toBe(2);
    const native = new Map([["c", "3"]]);
    expect(copyAll(local, native)).toBe(2);
    expect([...native.keys()]).toEqual(["c", "a", "b"]);
    expect(copyAll(native, source, { prefix: "c" })).toBe(1);
    expect(source.get("c")).toBe("3");
  });

  it("comes after what write buffers hold, and a cache of the target gives the new values", () => {
    const source = writeBuffer(json(open()));
    const target = writeBuffer(cache(json(open()), { ttl: Infinity }));
    source.set("a", 1);
    target.set("a", 2);
    expect(target.get("a")).toBe(2);
    expect(copyAll(source, target)).toBe(1);
    expect(target.get("a")).toBe(1);
    target.flush();
    expect(target.get("a")).toBe(1);
    source.set("a", 3);
    expect(cost(() => copyAll(source, target))).toMatchObject({ LIST: 1, HEAD: 1, COPY: 1 });
    expect(target.get("a")).toBe(3);
  });

  it("is refused by readonly, for what is no map, and for keys that cannot be, before anything is copied", () => {
    const source = open();
    source.setMany([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect(cost(() => expect(() => copyAll(source, readonly(open()))).toThrow(/read-only/))).toEqual({});
    expect(copyAll(readonly(source), open())).toBe(2);
    for (const wrong of [undefined, null, "bucket", {}, [], () => {}])
      expect(() => copyAll(source, wrong as never)).toThrow(TypeError);
    const target = open();
    const use = (options: object) => () => copyAll(source, target, options);
    expect(use({ prefx: "a" })).toThrow(/did you mean "prefix"/);
    expect(use({ key: "a" })).toThrow(TypeError);
    expect(use({ key: () => 5 })).toThrow(TypeError);
    expect(use({ key: () => "same" })).toThrow(/would copy both "a" and "b" to "same"/);
    expect(use({ key: () => "x".repeat(1025) })).toThrow(TypeError);
    expect(target.size).toBe(0);
  });

  it("names what failed and what did not, by the source's keys", () => {
    const [source, target] = [open(), open()];
    source.setMany([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ]);
    server.fault({
      operation: "COPY",
      key: /x b$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    server.fault({ operation: "COPY", key: /x c$/, times: Infinity, action: { reset: "after-apply" } });
    const error = thrownBy(() =>
      copyAll(source, target, { key: (key) => `x ${key}` }),
    ) as PartialFailureError;
    expect(error).toMatchObject({ code: "PartialFailure", operation: "copyAll", succeeded: ["a"] });
    expect([...error.failed.keys()]).toEqual(["b", "c"]);
    expect(error.message).toMatch(/^Of 3 keys, 1 was copied, 1 was not and 1 may have been; .*AccessDenied/);
    server.clearFaults();
    expect([...target.keys()]).toEqual(["x a", "x c"]);
  });

  it("names what the program could not read, store or encode", () => {
    const base = open();
    const source = json(base);
    source.setMany([
      ["a", "text"],
      ["b", { no: "text" }],
      ["d", "more"],
    ]);
    base.set("c", "not json");
    const target = open();
    const error = thrownBy(() => copyAll(source as SyncMap<string>, target)) as PartialFailureError;
    expect([...error.failed].map(([key, { code }]) => [key, code])).toEqual([
      ["b", "ValueRefused"],
      ["c", "NotJson"],
    ]);
    expect(error.succeeded).toEqual(["a", "d"]);
    expect([...target.keys()]).toEqual(["a", "d"]);
    expect(error.failed.get("b")!.cause).toBeInstanceOf(TypeError);
  });

  it.each([["b"], ["b", "c"], ["a", "b"]])(
    "says the same of one refused value as of several: %j",
    (...keys) => {
      const source = json(open());
      source.setMany(keys.map((key) => [key, key === "a" ? "text" : { no: "text" }]));
      const target = open();
      const error = thrownBy(() => copyAll(source as SyncMap<string>, target)) as PartialFailureError;
      expect([error.code, ...error.failed.keys()]).toEqual([
        "PartialFailure",
        ...keys.filter((key) => key !== "a"),
      ]);
      for (const one of error.failed.values()) expect(one.code).toBe("ValueRefused");
    },
  );

  it("reads each value once, also where one cannot be read", () => {
    const base = open();
    base.setMany([
      ["a", '"1"'],
      ["b", "not json"],
      ["c", '"3"'],
    ]);
    server.fault({
      operation: "GET",
      key: /c$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    const target = open();
    expect(
      cost(() => expect(() => copyAll(json<string>(base), target)).toThrow(code("PartialFailure"))),
    ).toEqual({
      LIST: 1,
      GET: 3,
      PUT: 1,
    });
    expect([...target]).toEqual([["a", "1"]]);
  });

  it("throws the one error that all keys share", () => {
    const source = open();
    source.set("a", "1");
    server.fault({ operation: "COPY", times: Infinity, action: { status: 404, code: "NoSuchBucket" } });
    expect(() => copyAll(source, open({}, "another"))).toThrow(code("NoSuchBucket"));
  });

  it("makes a bucket that is missing, if the target may", async () => {
    const strict = await startHttpS3({ createBuckets: false });
    try {
      const options = { endpoint: strict.endpoint, prefix: "", createBucket: true };
      const source = open(options);
      source.setMany([
        ["a", "1"],
        ["b", "2"],
      ]);
      expect(() => copyAll(source, open({ ...options, createBucket: false }, "other"))).toThrow(
        code("NoSuchBucket"),
      );
      const target = open(options, "other");
      expect(copyAll(source, target)).toBe(2);
      expect([...target.keys()]).toEqual(["a", "b"]);
    } finally {
      await strict.close();
    }
  });

  it("leaves out what is deleted before it is copied", () => {
    const [source, target] = [open(), open()];
    source.setMany([
      ["a", "1"],
      ["b", "2"],
    ]);
    server.fault({ operation: "HEAD", key: /a$/, action: { status: 404 } });
    expect(copyAll(source, target)).toBe(1);
    expect([...target.keys()]).toEqual(["b"]);
  });
});

describe("copyAll of places that overlap", () => {
  const overlap = /overlap/;
  const filled = (): S3BucketMap => {
    const map = open();
    map.setMany([
      ["a/1", "1"],
      ["b/1", "2"],
    ]);
    return map;
  };

  it("is refused before anything is sent where one is a part of the other", () => {
    const map = filled();
    const uses = [
      () => copyAll(map, map),
      () => copyAll(asObject(map), map),
      () => copyAll(map, map.subMap("backup/")),
      () => copyAll(map.subMap("a/"), map),
      () => copyAll(map, map.subMap("")),
      () => copyAll(json(map), json(map.subMap("x"))),
      () => copyAll(map, map, { prefix: "a/" }),
    ];
    for (const use of uses) expect(cost(() => expect(use).toThrow(overlap))).toEqual({});
    expect(() => copyAll(map, map, { prefix: "a/", key: (key) => `a/copy of ${key}` })).toThrow(overlap);
    expect(map.size).toBe(2);
  });

  it("is not refused for neighbours", () => {
    const map = filled();
    expect(copyAll(map.subMap("a/"), map.subMap("c/"))).toBe(1);
    expect(copyAll(map, map, { prefix: "a/", key: (key) => key.replace("a/", "d/") })).toBe(1);
    expect([...map.keys()]).toEqual(["a/1", "b/1", "c/1", "d/1"]);
  });

  it("is found out through two addresses of one service, by a key that is deleted again", () => {
    const prefix = "two names/";
    const source = open({ prefix });
    const target = open({ prefix, endpoint: server.endpoint.replace("127.0.0.1", "localhost") });
    source.set("a", "1");
    expect(cost(() => expect(() => copyAll(source, target)).toThrow(overlap))).toEqual({
      PUT: 1,
      HEAD: 1,
      DELETE: 1,
    });
    expect(() => copyAll(source, target.subMap("deeper/"))).toThrow(overlap);
    expect([...source.keys()]).toEqual(["a"]);
  });

  it("lets a bucket of the same name at another service be the target", () => {
    const prefix = "same name/";
    const source = open({ prefix });
    const target = open({ prefix, endpoint: other.endpoint });
    source.set("a", "1");
    expect(copyAll(source, target)).toBe(1);
    expect([...target.keys()]).toEqual(["a"]);
  });

  it("is found out through a symbolic link to a directory", () => {
    const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-copy-all-"));
    try {
      symlinkSync(path.join(directory, "real"), path.join(directory, "link"));
      const source = new S3BucketMap("bucket", { local: path.join(directory, "real") });
      source.set("a", "1");
      const target = new S3BucketMap("bucket", { local: path.join(directory, "link") });
      expect(() => copyAll(source, target)).toThrow(overlap);
      expect(copyAll(source, new S3BucketMap("bucket", { local: path.join(directory, "other") }))).toBe(1);
      expect(copyAll(source, new S3BucketMap("another", { local: path.join(directory, "link") }))).toBe(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
