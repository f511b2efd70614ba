import * as zlib from "node:zlib";
import { S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { cache, encrypt, gzip, readonly, text, writeBuffer } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy } from "../support/local-maps.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

let places = 0;
let bytes: S3BucketMap<"bytes">;
beforeEach(() => {
  server.reset();
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const options = { endpoint: server.endpoint, credentials, prefix: `${places++}/` };
  bytes = new S3BucketMap("bucket", { ...options, readAs: "bytes" });
});
afterEach(() => server.clearFaults());

const { gzipSync, deflateSync, brotliCompressSync } = zlib;
const algorithms = [
  "gzip",
  "deflate",
  "brotli",
  ...(Number(process.versions.node.split(".")[0]) >= 24 ? (["zstd"] as const) : []),
] as const;

describe("gzip, whatever its algorithm", () => {
  it.each(algorithms)("reads what was stored with another: %s", (algorithm) => {
    const map = gzip(bytes, { algorithm });
    for (const other of algorithms) gzip(bytes, { algorithm: other }).set(other, "words");
    for (const other of algorithms) {
      expect(String(map.get(other))).toBe("words");
      map.update(other, (value) => Buffer.concat([value!, Buffer.from("!")]));
      expect([map.get(other), gzip(bytes).get(other)].map(String)).toEqual(["words!", "words!"]);
    }
  });

  it.each<[string, Buffer, string]>([
    ["two", brotliCompressSync(gzipSync("words")), "gzip, br"],
    ["three, spelt anyhow", gzipSync(deflateSync(brotliCompressSync("words"))), "BR ,Deflate,  X-GZIP"],
    ["one of them identity", gzipSync("words"), "identity,gzip"],
    ["identity alone", Buffer.from("words"), "identity"],
  ])("undoes several encodings, the last first: %s", (_what, body, contentEncoding) => {
    bytes.set("key", body, { contentEncoding });
    const map = gzip(bytes, { algorithm: "brotli" });
    expect(String(map.get("key"))).toBe("words");
    expect(String(map.getMany(["key"]).get("key"))).toBe("words");
    expect([...map].map(([, value]) => String(value))).toEqual(["words"]);
  });

  it.each(["compress", "gzip, lzma", "lzma, gzip", "utf-8", "dcz"])(
    "refuses an encoding that Node does not know: %s",
    (contentEncoding) => {
      bytes.set("key", gzipSync("words"), { contentEncoding });
      const map = gzip(bytes);
      for (const read of [() => map.get("key"), () => map.update("key", (value) => value), () => [...map]]) {
        expect(thrownBy(read)).toMatchObject({
          code: "NotDecompressed",
          message: expect.stringMatching(
            /contains "[\w-]+", which gzip cannot undo\. Read it without gzip/,
          ) as string,
        });
      }
      expect(bytes.get("key")!.equals(gzipSync("words"))).toBe(true);
    },
  );

  it("refuses to store what reading would undo, and nothing is stored", () => {
    const map = gzip(bytes);
    for (const contentEncoding of ["br", "gzip", "identity, br", "", " identity"]) {
      const options = { contentEncoding };
      for (const write of [
        () => map.set("key", brotliCompressSync("x"), options),
        () => map.setMany([["key", "x"]], options),
        () => map.create("key", "x", options),
        () => map.update("key", () => Buffer.from("x"), options),
        () => gzip(encrypt(bytes, secret)).set("key", "x", options),
      ]) {
        expect(write).toThrow(TypeError);
      }
    }
    expect(bytes.size).toBe(0);
    const doubled = gzip(gzip(bytes, { algorithm: "brotli" }), { algorithm: "deflate" });
    doubled.set("key", "words");
    expect(bytes.head("key")).toMatchObject({ contentEncoding: "deflate,br" });
    expect([doubled, gzip(bytes)].map((each) => String(each.get("key")))).toEqual(["words", "words"]);
  });
});

describe("the same bytes under another Content-Encoding", () => {
  const archive = gzipSync("words");
  const stacks: [string, () => SyncMap<Buffer>][] = [
    ["gzip(cache(bytes))", () => gzip(cache(bytes))],
    ["cache(gzip(bytes))", () => cache(gzip(bytes))],
    ["gzip(readonly(cache(bytes)))", () => gzip(readonly(cache(bytes)))],
    ["gzip(cache(cache(bytes)))", () => gzip(cache(cache(bytes)))],
    ["cache(gzip(cache(bytes)))", () => cache(gzip(cache(bytes)))],
    ["gzip(writeBuffer(cache(bytes)))", () => gzip(writeBuffer(cache(bytes)))],
    ["gzip(gzip(cache(bytes)))", () => gzip(gzip(cache(bytes)))],
    ["gzip(cache(bytes, { ttl: 1 }))", () => gzip(cache(bytes, { ttl: 1 }))],
  ];
  it.each(stacks)("is read as it is now through %s", (_name, make) => {
    const map = make();
    const all = (): unknown[] =>
      [map.get("key"), map.getMany(["key"]).get("key"), [...map.values()][0]].map(String);
    const pass = (): void => {
      for (const until = performance.now() + 3; performance.now() < until;);
    };
    bytes.set("key", archive);
    expect(all()).toEqual(Array(3).fill(String(archive)));
    bytes.set("key", archive, { contentEncoding: "gzip" });
    pass();
    expect(all()).toEqual(["words", "words", "words"]);
    bytes.set("key", archive);
    pass();
    expect(all()).toEqual(Array(3).fill(String(archive)));
  });

  it("is read as it is now when only the value was asked for in between", () => {
    const kept = cache(bytes, { ttl: 5 });
    const map = gzip(kept);
    bytes.set("key", archive);
    map.get("key");
    bytes.set("key", archive, { contentEncoding: "gzip" });
    for (const until = performance.now() + 6; performance.now() < until;);
    expect(kept.get("key")!.equals(archive)).toBe(true);
    expect(String(map.get("key"))).toBe("words");
  });

  it("costs a body where it decides, and none where it does not", () => {
    const notModified = (): number => server.log().filter(({ status }) => status === 304).length;
    for (const [map, count] of [
      [text(cache(bytes)), 1],
      [cache(gzip(encrypt(bytes, secret))), 1],
      [gzip(encrypt(cache(bytes), secret)), 1],
      [gzip(cache(bytes)), 0],
      [cache(gzip(bytes)), 0],
    ] as [SyncMap<Buffer>, number][]) {
      map.set("key", "words" as never);
      map.get("key");
      server.reset();
      expect(String(map.get("key"))).toBe("words");
      expect([server.counts()["total"], notModified()]).toEqual([1, count]);
    }
  });
});
