import { setTimeout as later } from "node:timers/promises";
import { asMap, asObject, S3BucketMap } from "../../lib/index.js";
import type { S3BucketOptions, SyncMap } from "../../lib/index.js";
import { cache, gzip, json, structured, text, transform, writeBuffer } from "../../lib/layers/index.js";
import type { CacheOptions } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
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
  return { endpoint: server.endpoint, credentials, prefix: `${places}/`, ...more };
}
let base: S3BucketMap;
let bytes: S3BucketMap<"bytes">;
beforeEach(() => {
  places += 1;
  base = new S3BucketMap("bucket", options());
  bytes = new S3BucketMap("bucket", { ...options(), readAs: "bytes" });
});

/** What is sent while something runs, and the statuses of the GETs. */
function sent(run: () => unknown): Record<string, unknown> {
  server.reset();
  run();
  const { total, ...counts } = server.counts();
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(total);
  const kinds = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  const unmodified = server.log().filter(({ status }) => status === 304).length;
  return unmodified > 0 ? { ...kinds, unmodified } : kinds;
}

const forever: CacheOptions = { ttl: Infinity };

describe("cache", () => {
  it("asks whether a value has changed at each hit, which costs one GET without a body, and is never stale", () => {
    const map = cache(base);
    base.set("key", "a long value".repeat(1000));
    expect(sent(() => map.get("key"))).toEqual({ GET: 1 });
    expect(sent(() => expect(map.get("key")).toBe("a long value".repeat(1000)))).toEqual({
      GET: 1,
      unmodified: 1,
    });
    base.set("key", "other");
    expect(sent(() => expect(map.get("key")).toBe("other"))).toEqual({ GET: 1 });
    base.delete("key");
    expect(sent(() => expect(map.get("key")).toBeUndefined())).toEqual({ GET: 1 });
    expect(sent(() => expect(map.get("key")).toBeUndefined())).toEqual({ GET: 1 });
    base.set("key", "new");
    expect(map.get("key")).toBe("new");
  });

  it("gives what it has without a request within its ttl, a missing key, too", () => {
    const map = cache(base, forever);
    base.set("key", "1");
    expect(sent(() => [map.get("key"), map.get("missing")])).toEqual({ GET: 2 });
    base.set("key", "2").set("missing", "now there");
    const use = (): unknown => [
      map.get("key"),
      map.get("missing"),
      map.has("key"),
      map.has("missing"),
      asObject(map)["key"],
    ];
    expect(sent(() => expect(use()).toEqual(["1", undefined, true, false, "1"]))).toEqual({});
    expect(sent(() => [map.has("third"), map.has("third"), map.get("third")])).toMatchObject({ HEAD: 1 });
  });

  it("asks again when the ttl is over: whether it has changed, or for all of it", async () => {
    for (const revalidate of [true, false]) {
      const map = cache(base, { ttl: 1, revalidate });
      base.set("key", "1");
      map.get("key");
      await later(5);
      expect(sent(() => expect(map.get("key")).toBe("1"))).toEqual(
        revalidate ? { GET: 1, unmodified: 1 } : { GET: 1 },
      );
    }
  });

  it("writes through: the same requests as without it, and what was written is read", () => {
    for (const map of [
      cache(base),
      cache(base, forever),
      json<string>(cache(base, forever)),
      cache(json<string>(base), forever),
    ]) {
      map.get("key");
      expect(sent(() => map.set("key", "1"))).toEqual({ PUT: 1 });
      expect(map.get("key")).toBe("1");
      expect(sent(() => map.delete("key"))).toEqual({ DELETE: 1 });
      expect(map.get("key")).toBeUndefined();
      expect(sent(() => map.setMany([["key", "2"], ["b", "3"]]))).toEqual({ PUT: 2 }); // prettier-ignore
      expect([...map.getMany(["key", "b"])]).toEqual([["key", "2"], ["b", "3"]]); // prettier-ignore
      map.update("key", (value) => `${value}!`);
      expect(map.get("key")).toBe("2!");
      expect(map.create("key", "4")).toBe(false);
      expect(map.get("key")).toBe("2!");
      const { etag } = map.head("key")!;
      map.set("key", "5", { ifMatch: etag });
      expect(map.get("key")).toBe("5");
      expect(() => map.set("key", "6", { ifMatch: etag })).toThrow(
        expect.objectContaining({ code: "PreconditionFailed" }) as Error,
      );
      expect(map.get("key")).toBe("5");
      map.deleteMany(["key"]);
      expect(map.get("key")).toBeUndefined();
      map.clear();
      expect(map.get("b")).toBeUndefined();
    }
  });

  it("knows what it wrote without reading it, where that is what is read", () => {
    const strings = cache(base, forever);
    expect(sent(() => expect(strings.set("key", "1").get("key")).toBe("1"))).toEqual({ PUT: 1 });
    const buffers = cache(bytes, forever);
    expect(sent(() => expect(String(buffers.set("key", Buffer.from("2")).get("key"))).toBe("2"))).toEqual({
      PUT: 1,
    });
    const compressed = text(gzip(buffers));
    expect(sent(() => expect(compressed.set("key", "3").get("key")).toBe("3"))).toEqual({ PUT: 1 });
  });

  it("forgets what it knew of a key when a write to it fails, whether or not it was carried out", () => {
    const map = cache(base, forever);
    for (const applied of [false, true]) {
      map.set("key", "before");
      server.fault({
        operation: "PUT",
        times: Infinity,
        action: applied ? { reset: "after-apply" } : { status: 403, code: "AccessDenied" },
      });
      expect(() => map.set("key", "after")).toThrow(
        expect.objectContaining({ code: applied ? "NetworkError" : "AccessDenied" }) as Error,
      );
      server.clearFaults();
      expect(map.get("key")).toBe(applied ? "after" : "before");
      expect(base.get("key")).toBe(map.get("key"));
    }
  });

  it("never answers a listing from what it has", () => {
    const map = cache(base, forever);
    base.set("a", "1").set("b", "2");
    expect([[...map], map.get("c"), map.size]).toEqual([[["a", "1"], ["b", "2"]], undefined, 2]); // prettier-ignore
    base.delete("a");
    base.set("c", "3");
    expect(sent(() => expect([...map.keys()]).toEqual(["b", "c"]))).toEqual({ LIST: 1 });
    expect(map.size).toBe(2);
    expect([...map.list()].map(({ key }) => key)).toEqual(["b", "c"]);
    expect(map.head("a")).toBeUndefined();
    // The keys are as they are now; the values of those that were known may be as old as the ttl.
    expect(sent(() => expect([...map.entries()]).toEqual([["b", "2"], ["c", "3"]]))).toEqual({ LIST: 1, GET: 1 }); // prettier-ignore
  });

  it("reads in an iteration what it has not, several at once, and no more than a window beyond where it is left", () => {
    base.setMany(
      Array.from({ length: 100 }, (_, i) => [`key ${String(i).padStart(3, "0")}`, `${i}`] as const),
    );
    const map = cache(base, forever);
    expect(sent(() => { for (const [key] of map) if (key === "key 006") break; })).toEqual({ LIST: 1, GET: 7 }); // prettier-ignore
    expect(
      sent(() => expect([...map.values()]).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))),
    ).toEqual({ LIST: 1, GET: 93 });
    expect(sent(() => [...map])).toEqual({ LIST: 1 });
    expect(sent(() => [...cache(base).values()])).toEqual({ LIST: 1, GET: 100 });
  });

  it("gives the values before one that cannot be read, and that one's error", () => {
    base.set("a", "1").set("b", "oops").set("c", "3");
    const seen: unknown[] = [];
    const map = cache(json(base), forever);
    expect(thrownBy(() => { for (const [key] of map) seen.push(key); })).toMatchObject({ code: "NotJson", key: `${places}/b` }); // prettier-ignore
    expect(seen).toEqual(["a"]);
  });

  it("reads those of many that it does not know, and leaves out those that it knows to be missing", () => {
    const map = cache(base, forever);
    base.setMany([["a", "1"], ["b", "2"]]); // prettier-ignore
    map.get("a");
    map.get("missing");
    expect(sent(() => expect([...map.getMany(["b", "missing", "a", "b"])]).toEqual([["b", "2"], ["a", "1"]]))).toEqual({ GET: 1 }); // prettier-ignore
    expect(sent(() => map.getMany(["b", "a"]))).toEqual({});
  });

  it("lets the least recently used go first, when there are too many, or too many bytes", () => {
    base.setMany(["a", "b", "c"].map((key) => [key, key.repeat(1000)] as const));
    for (const limits of [{ max: 2 }, { maxBytes: 5000 }]) {
      const map = cache(base, { ...forever, ...limits });
      map.get("a");
      map.get("b");
      map.get("a");
      expect(sent(() => map.get("c"))).toEqual({ GET: 1 });
      expect(sent(() => [map.get("a"), map.get("c")])).toEqual({});
      expect(sent(() => map.get("b"))).toEqual({ GET: 1 });
    }
    const small = cache(base, { ...forever, maxBytes: 1000 });
    expect(sent(() => [small.get("a"), small.get("a")])).toEqual({ GET: 2 });
  });

  it("is shared with its sub-maps", () => {
    const map = cache(base, forever);
    const sub = map.subMap("a/").subMap("b");
    map.set("a/b1", "1");
    expect(sent(() => expect(sub.get("1")).toBe("1"))).toEqual({});
    sub.set("1", "2");
    expect(sent(() => expect(map.get("a/b1")).toBe("2"))).toEqual({});
    map.set("a/c", "3");
    sub.clear();
    expect(sent(() => expect(map.get("a/c")).toBe("3"))).toEqual({});
    expect(map.get("a/b1")).toBeUndefined();
  });

  it("gives Buffers of the program's own, and keeps its own", () => {
    const map = cache(bytes, forever);
    const value = Buffer.from("words");
    map.set("key", value);
    value.fill("x");
    for (const read of [map.get("key")!, map.get("key")!, map.getMany(["key"]).get("key")!]) {
      expect(String(read)).toBe("words");
      read.fill("x");
    }
    const fetched = cache(bytes);
    fetched.get("key")!.fill("x");
    expect(sent(() => expect(String(fetched.get("key"))).toBe("words"))).toEqual({ GET: 1, unmodified: 1 });
    expect(String(bytes.get("key"))).toBe("words");
  });

  it.each(["atomics", "deasync"] as const)(
    "keeps each of many bytes as they were given, wait: %s",
    (wait) => {
      const map = cache(new S3BucketMap("bucket", { ...options({ wait }), readAs: "bytes" }), forever);
      const piece = Buffer.alloc(4);
      const pieces = function* (): Generator<[string, Buffer]> {
        for (const letter of "abc") yield [letter, piece.fill(letter)];
      };
      map.setMany(pieces());
      const view = new Uint16Array(new SharedArrayBuffer(4));
      map.set("d", view as unknown as Buffer);
      view.fill(1);
      const read = ["a", "b", "c", "d"].map((key) => String(map.get(key)));
      expect(sent(() => read.push(String(map.get("a"))))).toEqual({});
      expect(read).toEqual(["aaaa", "bbbb", "cccc", "\0\0\0\0", "aaaa"]);
    },
  );

  it("keeps the bytes that were stored where a callback during the wait changes the given ones", () => {
    const map = cache(
      new S3BucketMap("bucket", { ...options({ wait: "deasync" }), readAs: "bytes" }),
      forever,
    );
    map.has("warm");
    for (const write of [
      (value: Buffer) => map.set("key", value),
      (value: Buffer) => map.setMany([["key", value]]),
    ]) {
      const value = Buffer.from("right");
      server.fault({ operation: "PUT", action: { delayMs: 300 } });
      setTimeout(() => value.fill("x"), 20);
      write(value);
      expect(String(value)).toBe("xxxxx");
      expect(String(map.get("key"))).toBe("right");
      expect(String(bytes.get("key"))).toBe("right");
    }
  });

  it("keeps nothing that was read while something was written, by a callback during a wait", async () => {
    base = new S3BucketMap("bucket", options({ wait: "deasync" }));
    const map = cache(base, forever);
    base.set("key", "old");
    server.fault({ operation: "GET", action: { delayMs: 300 } });
    const written = new Promise<void>((resolve) => {
      setTimeout(() => {
        map.set("key", "new");
        resolve();
      }, 50);
    });
    map.get("key");
    await written;
    expect(map.get("key")).toBe("new");
  });

  it("asks the base, once closed", () => {
    const map = cache(base.subMap(""), forever);
    map.set("key", "1").close();
    expect(() => map.get("key")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
    expect(() => map.has("key")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
  });

  it("refuses what is no key, though a key has its name", () => {
    const map = cache(base, forever).set("undefined", "1");
    for (const read of [
      () => map.get(undefined as never),
      () => map.has(undefined as never),
      () => map.getMany([undefined as never]),
    ]) {
      expect(read).toThrow(TypeError);
    }
  });

  it("refuses values that the program could change, and says where to put the cache", () => {
    expect(() => cache(structured(bytes) as SyncMap<never>)).toThrow(
      /Use structured\(cache\(map\)\) instead/,
    );
    const dates = transform(base, {
      encode: (date: Date) => date.toISOString(),
      decode: (stored) => new Date(stored),
    });
    dates.set("key", new Date(0));
    expect(() => cache(dates).get("key")).toThrow(/Put the cache below the layer that creates the object/);
    expect(
      structured(cache(bytes, forever))
        .set("a", new Map([[1, 2]]))
        .get("a"),
    ).toBeDefined();
  });

  it("with a ttl does not stand on a write buffer, whose writes may yet fail", () => {
    for (const under of [writeBuffer(base), json<string>(writeBuffer(base))]) {
      expect(() => cache(under, forever)).toThrow(
        /writeBuffer\(cache\(map\)\) instead of cache\(writeBuffer\(map\)\)/,
      );
    }
    expect(writeBuffer(cache(base, forever)).get("a")).toBeUndefined();
  });

  it.each<[string, CacheOptions, RegExp]>([
    ["a misspelt option", { tll: 1 } as CacheOptions, /did you mean "ttl"/],
    ["a ttl below 0", { ttl: -1 }, /ttl of cache must be a whole number of at least 0/],
    ["room for nothing", { max: 0 }, /max of cache must be a whole number of at least 1/],
    ["no use at all", { revalidate: false }, /would never return what it keeps\. Set a ttl/],
    ["a revalidate that is no boolean", { revalidate: 1 as never }, /must be true or false/],
  ])("refuses %s", (_what, given, message) => {
    expect(() => cache(base, given)).toThrow(message);
  });

  it("has what it does not know read ahead where a facade's keys are read in order, and nothing else", async () => {
    const slow = await startHttpS3({ latencyMs: 3 });
    try {
      const keys = Array.from({ length: 60 }, (_, at) => `key ${String(at).padStart(2, "0")}`);
      const under = new S3BucketMap("bucket", options({ endpoint: slow.endpoint, prefix: "" }));
      under.setMany(keys.map((key) => [key, `value of ${key}`] as const));
      const stored = Object.fromEntries(keys.map((key) => [key, `value of ${key}`]));
      const map = cache(under, forever);
      const known = keys.filter((_, at) => at % 3 === 0);
      expect(map.getMany(known).size).toBe(20);
      slow.reset();
      expect({ ...asObject(map) }).toEqual(stored);
      expect(slow.maxConcurrent()).toBeGreaterThan(1);
      // On a busy machine some may be asked again: what was read early grows old.
      const asked = new Set(
        slow.log().flatMap(({ operation, key }) => (operation === "GetObject" ? key : [])),
      );
      expect([...asked].sort()).toEqual(keys.filter((key) => !known.includes(key)));
      slow.reset();
      expect({ ...asObject(map) }).toEqual(stored);
      expect(slow.counts()).toMatchObject({ LIST: 1, total: 1 });
    } finally {
      await slow.close();
    }
  });

  it("has a facade of the type of its values", () => {
    const bucket = asObject(cache(json<{ n: number }>(base), forever));
    bucket["a"] = { n: 1 };
    const n: number | undefined = bucket["a"].n;
    expect(n).toBe(1);
    expect(asMap(bucket).get("a")).toEqual({ n: 1 });
  });
});
