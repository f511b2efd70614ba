import { asMap, asObject, batch, S3BucketMap } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";
import { cache, encrypt, gzip, json, structured, text, transform, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { secret } from "./support/layer-stacks.js";

// A bucket's object where something else is meant: to look at any of its properties would be a request.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
let base: S3BucketMap;
let bytes: S3BucketMap<"bytes">;
let bucket: BucketObject<string>;
beforeAll(() => {
  base = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials });
  bytes = new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, readAs: "bytes" });
  bucket = asObject(base);
  for (const key of ["constructor", "then", "toJSON", "name", "message", "get"]) base.set(key, "a value");
});
beforeEach(() => server.reset());

const kinds: [string, () => unknown][] = [
  ["a bucket's object", () => bucket],
  ["what inherits from it", () => Object.create(bucket) as unknown],
  ["a Proxy of it", () => new Proxy(bucket, {})],
  ["an object whose constructor it is", () => ({ constructor: bucket })],
  ["an array of it", () => [bucket]],
  ["an object with it inside", () => ({ a: { b: bucket } })],
];

const values: [string, (value: never) => unknown][] = [
  ["assigned", (value) => (bucket["key"] = value)],
  [
    "defined",
    (value) =>
      Object.defineProperty(bucket, "key", { value, enumerable: true, writable: true, configurable: true }),
  ],
  ["Object.assign", (value) => Object.assign(bucket, { key: value })],
  ["set", (value) => base.set("key", value)],
  ["setMany", (value) => base.setMany([["key", value]])],
  ["create", (value) => base.create("key", value)],
  ["json", (value) => json(base).set("key", value)],
  ["json, inside", (value) => json(base).set("key", { a: [value] })],
  ["structured", (value) => structured(bytes).set("key", value)],
  ["structured, inside", (value) => structured(bytes).set("key", new Map([[1, [value]]]))],
  [
    "structured, inside an error",
    (value) => structured(bytes).set("key", Object.assign(new Error("x"), { constructor: value })),
  ],
  ["text", (value) => text(bytes).set("key", value)],
  ["gzip", (value) => gzip(bytes).set("key", value)],
  ["encrypt", (value) => encrypt(bytes, secret).set("key", value)],
  ["cache", (value) => cache(base, { ttl: 1000 }).set("key", value)],
  ["writeBuffer", (value) => writeBuffer(base).set("key", value)],
  ["in a batch", (value) => batch(base, () => base.set("key", value))],
];

describe.each(values)("as a value: %s", (_how, use) => {
  it.each(kinds)("%s is a TypeError, at no request", (_what, make) => {
    expect(() => use(make() as never)).toThrow(TypeError);
    expect(server.log()).toEqual([]);
  });
});

describe("a bucket's object elsewhere", () => {
  const anywhere: [string, (value: never) => unknown][] = [
    ["a key", (value) => base.get(value)],
    ["keys", (value) => base.getMany(value)],
    ["one of the keys", (value) => base.deleteMany([value])],
    ["the entries", (value) => base.setMany(value)],
    ["one of the entries", (value) => base.setMany([value])],
    ["options of set", (value) => base.set("key", "x", value)],
    ["options of set, through json", (value) => json(base).set("key", "x", value)],
    ["options of setMany, through gzip", (value) => gzip(bytes).setMany([["key", "x"]], value)],
    ["options of create, through encrypt", (value) => encrypt(bytes, secret).create("key", "x", value)],
    ["options of update, through text", (value) => text(bytes).update("key", () => "x", value)],
    ["options of set, through cache", (value) => cache(base, { ttl: 1000 }).set("key", "x", value)],
    ["options of set, through writeBuffer", (value) => writeBuffer(json(base)).set("key", "x", value)],
    ["options of a listing", (value) => [...base.keys(value)]],
    ["options of a map", (value) => new S3BucketMap("bucket", value)],
    ["credentials", (value) => new S3BucketMap("bucket", { credentials: value })],
    ["metadata", (value) => base.set("key", "x", { metadata: value })],
    ["a header", (value) => base.set("key", "x", { contentType: value })],
    ["an ETag", (value) => base.set("key", "x", { ifMatch: value })],
    ["the function of update", (value) => base.update("key", value)],
    ["the function of batch", (value) => batch(base, value)],
    ["the function of forEach", (value) => base.forEach(value)],
    ["a prefix", (value) => base.subMap(value)],
    ["the base of a layer", (value) => json(value)],
    ["the options of a layer", (value) => cache(base, value)],
    ["a transformation", (value) => transform(base, value)],
    ["a key to encrypt", (value) => encrypt(bytes, value)],
    ["a map", (value) => asObject(value)],
  ];
  it.each(anywhere)("is a TypeError at no request: %s", (_what, use) => {
    for (const make of [() => bucket, () => Object.create(bucket) as unknown])
      expect(() => use(make() as never)).toThrow(TypeError);
    expect(server.log()).toEqual([]);
  });

  it("is no promise that batch waits for, and not what asMap takes", () => {
    expect(batch(base, () => bucket)).toBe(bucket);
    const heir = Object.create(bucket) as object;
    expect(batch(base, () => heir)).toBe(heir);
    expect(() => asMap(heir as never)).toThrow(TypeError);
    expect(() => batch(heir, () => 1)).toThrow(TypeError);
    expect(server.log()).toEqual([]);
  });

  it("is refused as what update's function returns, after the one GET", () => {
    for (const value of [bucket, Object.create(bucket)]) {
      server.reset();
      expect(() => base.update("key", () => value as never)).toThrow(TypeError);
      expect(server.counts()).toMatchObject({ GET: 1, total: 1 });
    }
  });

  it("can be thrown by a layer's own code", () => {
    const map = transform(base, {
      encode: (value: string) => value,
      decode: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw bucket;
      },
    });
    expect(() => map.get("name")).toThrow(/NotDecodable: transform: a bucket object was thrown/);
    expect(server.counts()).toMatchObject({ GET: 1, total: 1 });
  });
});
