import * as library from "../lib/index.js";
import * as layers from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { secret } from "./support/layer-stacks.js";
import { thrownBy } from "./support/local-maps.js";

// Two copies of the package in one program, as npm installs them for dependencies, and as each Jest file has its own.

let other!: typeof library;
let otherLayers!: typeof layers;
jest.isolateModules(() => {
  /* eslint-disable @typescript-eslint/no-require-imports -- an import would give the same copy */
  other = require("../lib/index.js") as typeof library;
  otherLayers = require("../lib/layers/index.js") as typeof layers;
  /* eslint-enable @typescript-eslint/no-require-imports */
});

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;
let base: library.S3BucketMap;
let bytes: library.S3BucketMap<"bytes">;
beforeEach(() => {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const options = { endpoint: server.endpoint, credentials, prefix: `${places++}/` };
  base = new library.S3BucketMap<"string">("bucket", options);
  bytes = new library.S3BucketMap("bucket", { ...options, readAs: "bytes" });
  server.reset();
});

const ttl = 3_600_000;
type Bytes = library.SyncMap<Buffer>;

describe("two copies of the package", () => {
  it("are two", () => {
    expect(other.S3BucketMap).not.toBe(library.S3BucketMap);
    expect(otherLayers.encrypt).not.toBe(layers.encrypt);
  });

  it("bind an encrypted value to the same whole key", () => {
    const theirs = otherLayers.encrypt(bytes, secret);
    theirs.set("a", "words");
    expect(String(layers.encrypt(bytes, secret).get("a"))).toBe("words");
    expect(String(theirs.subMap("").get("a"))).toBe("words");
    bytes.set("b", bytes.get("a")!);
    expect(thrownBy(() => theirs.get("b"))).toMatchObject({
      code: "Damaged",
      key: expect.stringMatching(/^\d+\/b$/) as string,
    });
    const through = otherLayers.encrypt(layers.readonly(layers.gzip(bytes)), secret);
    expect(() => through.set("a", "x")).toThrow(/read-only/);
    const another = new library.S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      prefix: `other ${places}/`,
      readAs: "bytes",
    });
    another.set("a", bytes.get("a")!);
    expect(thrownBy(() => otherLayers.encrypt(another, secret).get("a"))).toMatchObject({ code: "Damaged" });
  });

  it("stack layers of either on the other's", () => {
    const map = otherLayers.writeBuffer(
      layers.cache(otherLayers.json<object>(layers.text(otherLayers.gzip(bytes))), { ttl }),
    );
    map.set("key", { a: 1 });
    expect(map.get("key")).toEqual({ a: 1 });
    map.flush();
    expect(bytes.head("key")).toMatchObject({ contentEncoding: "gzip" });
    expect(map.get("key")).toEqual({ a: 1 });
    expect(Object.keys(other.asObject(map))).toEqual(["key"]);
  });

  it("refuse for a layer of the other what they refuse for their own", () => {
    expect(() => otherLayers.structured(base as never)).toThrow(
      /requires a map that returns bytes, but this one returns strings/,
    );
    expect(() => otherLayers.cache(layers.writeBuffer(base), { ttl })).toThrow(
      /writeBuffer\(cache\(map\)\) instead/,
    );
    expect(() => otherLayers.cache(layers.structured(bytes) as never)).toThrow(
      /structured\(cache\(map\)\) instead/,
    );
  });

  it("ask with the ETag through the other's layers", () => {
    const map = otherLayers.cache(layers.text(bytes));
    map.set("key", "words");
    map.get("key");
    server.reset();
    expect(map.get("key")).toBe("words");
    expect(server.log().map(({ status }) => status)).toEqual([304]);
  });

  it("know each other's objects, and make no second one of a map", () => {
    const bucket = other.asObject(base);
    expect(library.asObject(base)).toBe(bucket);
    expect(library.asMap(bucket)).toBe(base);
    expect(() => layers.json(bucket as never)).toThrow(/json\(asMap\(object\)\)/);
    expect(() => library.asObject(bucket as never)).toThrow(/this is already a bucket object/);
    expect(server.counts()["total"]).toBe(0);
  });

  it("pipeline the writes of each other's maps", () => {
    server.fault({ operation: "PUT", times: Infinity, action: { delayMs: 30 } });
    other.batch(base, () => {
      for (let key = 0; key < 8; key += 1) base.set(`${key}`, "x");
    });
    expect(server.maxConcurrent()).toBeGreaterThan(1);
    server.reset();
    other.batch(library.asObject(base), () => {
      for (let key = 0; key < 8; key += 1) base.set(`${key}`, "x");
    });
    expect(server.maxConcurrent()).toBeGreaterThan(1);
    server.clearFaults();
    server.fault({ operation: "PUT", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const map = otherLayers.cache(base, { ttl });
    expect(thrownBy(() => library.batch(base, () => map.set("key", "after")))).toBeInstanceOf(
      library.S3BucketMapError,
    );
    expect(map.get("key")).toBeUndefined();
  });

  it("refuse to copy within one bucket if source and target overlap", () => {
    base.set("a", "x");
    const options = {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    };
    const theirs = new other.S3BucketMap("bucket", options).subMap(`${places - 1}/`);
    for (const copyAll of [library.copyAll, other.copyAll]) {
      expect(() => copyAll(base, theirs)).toThrow(/overlap/);
      expect(() => copyAll(theirs, layers.cache(base.subMap("a"), { ttl }))).toThrow(/overlap/);
      expect(() => copyAll(theirs, base, { key: (key) => `${key}2` })).toThrow(/overlap/);
      const elsewhere = { ...options, endpoint: server.endpoint.replace("127.0.0.1", "localhost") };
      expect(() => copyAll(base, new other.S3BucketMap("bucket", elsewhere))).toThrow(/overlap/);
    }
    expect([...base.keys()]).toEqual(["a"]);
  });

  it("copy to each other within the service, with all headers", () => {
    base.set("a", "x", { contentType: "text/markdown", metadata: { by: "ann" } });
    const theirs = new other.S3BucketMap("another", {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
    server.reset();
    expect(library.copyAll(base, theirs)).toBe(1);
    expect(server.counts()).toMatchObject({ HEAD: 1, COPY: 1, PUT: 0, GET: 0 });
    expect(theirs.head("a")).toMatchObject({ contentType: "text/markdown", metadata: { by: "ann" } });
    expect(library.copyAll(theirs, base, { key: (key) => `${key} again` })).toBe(1);
    expect(base.get("a again")).toBe("x");
  });

  it("know each other's errors", () => {
    server.fault({ operation: "GET", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const error = thrownBy(() =>
      new other.S3BucketMap("bucket", {
        endpoint: server.endpoint,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      }).get("a"),
    );
    expect([
      error instanceof library.S3BucketMapError,
      error instanceof library.AccessDeniedError,
      error instanceof library.TimedOutError,
      error instanceof Error,
      new TypeError("x") instanceof library.S3BucketMapError,
      (null as unknown) instanceof library.S3BucketMapError,
    ]).toEqual([true, true, false, true, false, false]);
    class Mine extends library.AccessDeniedError {}
    expect([error instanceof Mine, new Mine("x", { code: "x" }) instanceof other.AccessDeniedError]).toEqual([
      false,
      true,
    ]);
    const json = layers.json(base);
    base.set("b", "1").set("c", "oops");
    server.clearFaults();
    const cached = otherLayers.cache(json, { ttl });
    const seen: string[] = [];
    expect(thrownBy(() => { for (const [key] of cached) seen.push(key); })).toMatchObject({ code: "NotJson" }); // prettier-ignore
    expect(seen).toEqual(["b"]);
  });

  it("refuse a map of a version whose methods are others", () => {
    const strange = Object.assign(Object.create(bytes) as object, {
      [Symbol("s3bucketmap.placeOf")]: () => undefined,
    });
    const newer = Object.assign(Object.create(bytes) as object, {
      [Symbol.for("s3bucketmap.placeOf/2")]: () => undefined,
    });
    for (const map of [strange, newer]) {
      expect(() => layers.encrypt(map as unknown as Bytes, secret)).toThrow(
        /encrypt requires a map of its own version of s3bucketmap/,
      );
      expect(() => layers.readonly(map as unknown as Bytes)).toThrow(
        /Run "npm ls s3bucketmap" to see all installed versions/,
      );
    }
  });
});
