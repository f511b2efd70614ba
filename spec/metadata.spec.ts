import { S3BucketMap } from "../lib/index.js";
import type { SetOptions } from "../lib/index.js";
import { encrypt, gzip, json, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { secret } from "./support/layer-stacks.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let base: S3BucketMap;
let bytes: S3BucketMap<"bytes">;
let places = 0;
beforeEach(() => {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const options = { endpoint: server.endpoint, credentials, prefix: `${places++}/` };
  base = new S3BucketMap("bucket", options);
  bytes = new S3BucketMap("bucket", { ...options, readAs: "bytes" });
  server.reset();
});

const named = (name: string, value = "a value"): Record<string, string> =>
  JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`) as Record<string, string>;

type Write = (options: SetOptions) => unknown;
const writes: [string, () => Write][] = [
  ["set", () => (options) => base.set("key", "x", options)],
  ["set of much", () => (options) => bytes.set("key", Buffer.alloc(2 * 1024 * 1024), options)],
  ["set of parts", () => (options) => bytes.set("key", Buffer.alloc(17 * 1024 * 1024), options)],
  ["setMany", () => (options) => base.setMany([["key", "x"]], options)],
  ["create", () => (options) => base.create("key", "x", options)],
  ["update", () => (options) => base.update("key", () => "x", options)],
  ["json", () => (options) => json(base).set("key", "x", options)],
  ["gzip", () => (options) => gzip(bytes).set("key", "x", options)],
  ["encrypt", () => (options) => encrypt(bytes, secret).set("key", "x", options)],
  [
    "writeBuffer",
    () => (options) => {
      const map = writeBuffer(base);
      map.set("key", "x", options).flush();
    },
  ],
];

describe.each(writes)("metadata by %s", (_how, make) => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "__Proto__"])(
    "comes back under the name %s",
    (name) => {
      make()({ metadata: named(name) });
      for (const sdk of [false, true]) {
        // What the direct attempt cannot understand, the SDK reads.
        if (sdk) server.fault({ operation: "HEAD", action: { status: 503, code: "SlowDown" } });
        const { metadata } = base.head("key")!;
        expect(Object.entries(metadata)).toEqual([[name.toLowerCase(), "a value"]]);
      }
    },
  );

  it.each<[string, unknown]>([
    ["a name twice, in different case", { Name: "1", name: "2" }],
    ["__proto__ twice", JSON.parse('{"__proto__": "1", "__PROTO__": "2"}')],
    ["a Map", new Map([["a", "b"]])],
    ["an array", ["a"]],
    ["an object of a class", new (class Metadata { a = "b"; })()], // prettier-ignore
    ["a symbol", { [Symbol("a")]: "b" }],
    ["what is no string", { a: 1 }],
    ["a value with spaces at its ends", { a: " b" }],
    ["a value of other letters", { a: "ú" }],
    ["a line break", { a: "b\nc" }],
    ["a name that is none", { "a b": "c" }],
  ])("is a TypeError before anything is sent: %s", (_what, metadata) => {
    expect(() => make()({ metadata: metadata as never })).toThrow(TypeError);
    expect(server.counts()["total"]).toBe(0);
  });

  it.each(["contentType", "contentEncoding", "cacheControl"])(
    "stands beside a %s that is kept exactly, or refused",
    (name) => {
      for (const value of ["", " ", " a", "a ", "a\n", "a\u0001", "\u007f", "ú", "日", null, 1, {}]) {
        expect(() => make()({ [name]: value })).toThrow(TypeError);
      }
      expect(server.counts()["total"]).toBe(0);
      const value = name === "contentEncoding" ? "identity" : 'text/x;  a="b, c"';
      make()({ [name]: value });
      if (_how !== "encrypt" || name !== "contentEncoding") {
        expect((base.head("key") as unknown as Record<string, unknown>)[name]).toBe(
          _how === "gzip" && name === "contentEncoding" ? "identity,gzip" : value,
        );
      }
    },
  );
});

it("keeps an empty value of metadata", () => {
  base.set("key", "x", { metadata: { a: "" } });
  expect(base.head("key")!.metadata).toEqual({ a: "" });
});
