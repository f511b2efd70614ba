import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import type { SyncMap } from "../../lib/index.js";
import { cache, encrypt, gzip, readonly, text, transform } from "../../lib/layers/index.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
beforeEach(() => {
  at = place();
});

// Node 22 has zstd, but reads a value that was cut short as a shorter value.
const hasZstd = Number(process.versions.node.split(".")[0]) >= 24;
const offered = ["gzip", "deflate", "brotli", ...(hasZstd ? (["zstd"] as const) : [])] as const;

describe.each(offered)("gzip with %s", (algorithm) => {
  it("gives back any bytes, and stores them compressed under its Content-Encoding", () => {
    const map = gzip(at.bytes, { algorithm });
    const encoding = { gzip: "gzip", deflate: "deflate", brotli: "br", zstd: "zstd" }[algorithm];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        map.set("key", bytes);
        expect(map.get("key")!.equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
    map.set("zeros", Buffer.alloc(100_000));
    expect(map.head("zeros")).toMatchObject({ contentEncoding: encoding });
    expect(map.head("zeros")!.size).toBeLessThan(1000);
    expect(map.get("zeros")!.equals(Buffer.alloc(100_000))).toBe(true);
  });

  it("says that a damaged value is damaged, and refuses one that grows beyond maxBytes", () => {
    const map = gzip(at.bytes, { algorithm, maxBytes: 1000 });
    map.set("key", Buffer.alloc(1000, "some words "));
    const { contentEncoding } = map.head("key")!;
    const stored = at.bytes.get("key")!;
    for (let bytes = 0; bytes < stored.length; bytes += 1) {
      at.bytes.set("short", stored.subarray(0, bytes), { contentEncoding: contentEncoding! });
      expect(thrownBy(() => map.get("short"))).toMatchObject({ code: "NotDecompressed", operation: "get" });
    }
    gzip(at.bytes, { algorithm }).set("bomb", Buffer.alloc(1001));
    expect(thrownBy(() => map.get("bomb"))).toMatchObject({
      code: "ValueTooLong",
      message: expect.stringContaining(
        "it has more than 1000 bytes. Set a larger maxBytes of gzip",
      ) as string,
    });
    expect(() => map.set("key", Buffer.alloc(1001))).toThrow(/gzip accepts at most 1000 bytes/);
    expect(map.get("key")).toHaveLength(1000);
  });
});

describe("gzip", () => {
  it("gives what others stored without a Content-Encoding as it is, even where it is compressed", () => {
    const map = gzip(at.bytes);
    const archive = gzipSync("an archive");
    at.bytes.set("plain", "words").set("archive.gz", archive);
    map.set("mine.gz", archive);
    const read = map.getMany(["plain", "archive.gz", "mine.gz"]);
    expect([...read.values()].map(String)).toEqual(["words", String(archive), String(archive)]);
    expect([...map.entries()].map(([, value]) => String(value))).toEqual([
      String(archive),
      String(archive),
      "words",
    ]);
    map.update("plain", (bytes) => Buffer.concat([bytes!, Buffer.from("!")]));
    expect(gunzipSync(at.bytes.get("plain")!).toString()).toBe("words!");
    expect(map.get("plain")!.toString()).toBe("words!");
  });

  it("knows another name of its encoding, and keeps what else is told of a value", () => {
    at.bytes.set("old", gzipSync("y"), { contentEncoding: "x-gzip" });
    const map = gzip(at.bytes);
    expect(String(map.get("old"))).toBe("y");
    map.set("told", "words", { contentEncoding: "identity", contentType: "text/css", metadata: { a: "b" } });
    expect(map.head("told")).toMatchObject({
      contentEncoding: "identity,gzip",
      contentType: "text/css",
      metadata: { a: "b" },
    });
    expect(String(map.get("told"))).toBe("words");
  });

  it("takes strings and any bytes, and nothing else", () => {
    const map = gzip(at.bytes);
    map
      .set("a", "ú")
      .set("b", new Uint16Array([1]))
      .set("c", new ArrayBuffer(2))
      .set("d", new DataView(new ArrayBuffer(3), 1));
    expect([...map.values()].map((bytes) => bytes.toString("hex"))).toEqual(["c3ba", "0100", "0000", "0000"]);
    for (const value of [undefined, 1, {}, "\ud800"])
      expect(() => map.set("a", value as string)).toThrow(TypeError);
    expect(map.get("a")!.toString()).toBe("ú");
  });

  it("stays told from what is not compressed in every stack", () => {
    for (const make of [
      (base: SyncMap<Buffer>) => gzip(encrypt(base, secret)),
      (base: SyncMap<Buffer>) => gzip(cache(base, { ttl: 3_600_000 })),
      (base: SyncMap<Buffer>) => gzip(readonly(gzip(base))),
      (base: SyncMap<Buffer>) => gzip(gzip(base)),
    ]) {
      const { bytes } = place();
      const archive = gzipSync("x");
      const map = make(bytes);
      const inner =
        map[Symbol.toStringTag as never] && /readonly/.test(String(make)) ? gzip(gzip(bytes)) : map;
      inner.set("key", archive);
      expect([map.get("key"), map.get("key"), [...map.values()][0]].map(String)).toEqual(
        Array(3).fill(String(archive)),
      );
    }
  });

  it("refuses what it cannot stand on, and wrong options", () => {
    const use = (options: object) => () => gzip(at.bytes, options);
    expect(() => gzip(at.strings as unknown as SyncMap<Buffer>)).toThrow(
      /gzip requires a map that returns bytes, but this one returns strings/,
    );
    expect(() => gzip(text(at.bytes) as unknown as SyncMap<Buffer>)).toThrow(/returns string/);
    const foreign = Object.fromEntries(
      [
        "get",
        "set",
        "has",
        "delete",
        "clear",
        "keys",
        "values",
        "entries",
        "forEach",
        "getMany",
        "setMany",
        "deleteMany",
        "head",
        "list",
        "create",
        "update",
        "subMap",
        "close",
      ].map((name) => [name, () => undefined]),
    );
    expect(() => gzip(foreign as unknown as SyncMap<Buffer>)).toThrow(/reports the Content-Encoding/);
    expect(use({ algorithm: "lzma" })).toThrow(
      /must be "gzip" or "deflate" or "brotli" or "zstd", not "lzma"/,
    );
    expect(use({ algoritm: "gzip" })).toThrow(/did you mean "algorithm"/);
    expect(use({ maxBytes: 0 })).toThrow(/maxBytes of gzip must be a whole number from 1/);
    if (!hasZstd) expect(use({ algorithm: "zstd" })).toThrow(/needs Node 24 or later/);
  });

  it("takes a transform that gives bytes at its word", () => {
    const flipped = transform(at.bytes, {
      encode: (bytes: Buffer) => bytes.map((byte) => byte ^ 0xff) as Buffer,
      decode: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0xff)),
    });
    const map = gzip(flipped);
    map.set("key", "words");
    expect(String(map.get("key"))).toBe("words");
    expect(map.head("key")).toMatchObject({ contentEncoding: "gzip" });
  });
});
