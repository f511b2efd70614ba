import { asObject, S3BucketMap } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// What is stored is what was given, to the byte; what could not be is refused before anything is sent.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

/** A view of a buffer that is made too small for it afterwards. */
function outgrown<V extends ArrayBufferView>(view: (buffer: ArrayBuffer) => V): V {
  const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const buffer = new Resizable(16, { maxByteLength: 16 });
  const made = view(buffer);
  (buffer as unknown as { resize(length: number): void }).resize(4);
  return made;
}

function detached(): Uint8Array {
  const view = new Uint8Array(4);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  let map: S3BucketMap;
  let bytes: S3BucketMap<"bytes">;
  let bucket: BucketObject<string>;
  beforeEach(() => {
    const options = {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      wait,
    };
    map = new S3BucketMap("bucket", options);
    bytes = new S3BucketMap("bucket", { ...options, readAs: "bytes" });
    bucket = asObject(map);
    map.clear();
    server.reset();
  });

  describe("a value", () => {
    it.each([
      ["nothing", ""],
      ["a leading byte order mark", "\ufeffvalue"],
      ["nothing but byte order marks", "\ufeff\ufeff"],
      ["U+0000", "a\0b\0"],
      ["every kind of line end", "\r\n\r\u2028\u2029\n"],
      ["U+FFFD, which decoders put for what they cannot read", "\ufffd"],
      ["the last of each plane", "\uffff\u{1ffff}\u{10ffff}"],
      ["text that is longer than what is copied to the worker", "ú😀".repeat(50_000)],
    ])("of %s is read as it was written, as text and as bytes", (_what, value) => {
      bucket["key"] = value;
      expect(bucket["key"]).toBe(value);
      expect(bytes.get("key")!.equals(Buffer.from(value))).toBe(true);
    });

    it.each([
      ["a byte that begins nothing", [0xff]],
      ["a sequence that ends early", [0xe2, 0x82]],
      ["an overlong form", [0xc0, 0x80]],
      ["a surrogate", [0xed, 0xa0, 0x80]],
      ["good text with one bad byte", [...Buffer.from("a".repeat(40_000)), 0x80]],
    ])("of %s is no text: it throws as a string and is whole as bytes", (_what, numbers) => {
      const value = Buffer.from(numbers);
      map.set("key", value);
      const notUtf8 = expect.objectContaining({ code: "NotUtf8", key: "key", operation: "get" }) as Error;
      expect(() => bucket["key"]).toThrow(notUtf8);
      expect(() => bucket["key"]).toThrow('readAs: "bytes"');
      expect(() => [...map.values()]).toThrow(notUtf8);
      expect(bytes.get("key")!.equals(value)).toBe(true);
    });

    it("of 0 bytes is not a missing one", () => {
      map.set("text", "").set("bytes", Buffer.alloc(0));
      expect([bucket["text"], bucket["bytes"], bucket["missing"]]).toEqual(["", "", undefined]);
      expect(bytes.get("bytes")).toEqual(Buffer.alloc(0));
      expect(["text" in bucket, "missing" in bucket]).toEqual([true, false]);
      expect(map.head("text")!.size).toBe(0);
    });

    const ten = Uint8Array.from({ length: 16 }, (_, i) => i);
    it.each([
      ["a Buffer of a pool", Buffer.from("pooled"), Buffer.from("pooled")],
      ["a part of a Uint8Array", ten.subarray(3, 7), Buffer.of(3, 4, 5, 6)],
      ["a Uint16Array with an offset", new Uint16Array(ten.buffer, 2, 2), Buffer.of(2, 3, 4, 5)],
      ["a DataView", new DataView(ten.buffer, 1, 3), Buffer.of(1, 2, 3)],
      ["an ArrayBuffer", ten.buffer.slice(0, 2), Buffer.of(0, 1)],
      ["shared memory", new Uint8Array(new SharedArrayBuffer(2)).fill(7), Buffer.of(7, 7)],
    ])("in %s is its own bytes only, and the caller keeps them", (_what, value, expected) => {
      map.set("key", value);
      expect(bytes.get("key")!.equals(expected)).toBe(true);
      expect(value.byteLength).toBe(expected.length);
    });

    it("does not change with the caller's buffer, before or after it is read", () => {
      const given = Buffer.alloc(100_000, "a");
      map.set("key", given);
      given.fill("b");
      const read = bytes.get("key")!;
      expect(read.equals(Buffer.alloc(100_000, "a"))).toBe(true);
      read.fill("c");
      expect(bytes.get("key")!.equals(Buffer.alloc(100_000, "a"))).toBe(true);
    });

    it.each([
      ["a lone high surrogate", "a\ud800"],
      ["a lone low surrogate", "\udc00a"],
      ["surrogates in the wrong order", "\udc00\ud800"],
      ["undefined", undefined],
      ["null", null],
      ["a number", 1],
      ["a boolean", true],
      ["a BigInt", 1n],
      ["a symbol", Symbol("value")],
      ["a function", () => "value"],
      ["an object", { toString: () => "value" }],
      ["an array", ["value"]],
      ["a Date", new Date(0)],
      ["a String object", Object("value") as string],
      ["a view that its buffer has become too small for", outgrown((buffer) => new Uint8Array(buffer, 8, 4))],
      ["a DataView that its buffer has become too small for", outgrown((buffer) => new DataView(buffer, 8))],
      ["a view of a detached buffer", detached()],
    ])("that is %s is refused, and nothing is sent", (_what, value) => {
      expect(() => {
        bucket["key"] = value as string;
      }).toThrow(TypeError);
      expect(server.counts().total).toBe(0);
      expect(bucket["key"]).toBeUndefined();
    });
  });

  describe("a key", () => {
    it.each([
      ["of one byte", "a"],
      ["of 1024 bytes", "k".repeat(1024)],
      ["of 1024 bytes in fewer characters", "😀".repeat(256)],
      ["with dots for folders", "a/../b/./c"],
      ["with U+FFFF, which XML cannot carry", "\uffff\ufffe"],
      ["with control characters", "\u0001\u0008\u001f\u007f\u0085"],
      ["composed and decomposed alike", "\u00fa u\u0301"],
    ])("%s is exact in every use", (_what, key) => {
      bucket[key] = "value";
      expect(bucket[key]).toBe("value");
      expect(key in bucket).toBe(true);
      expect(Object.keys(bucket)).toEqual([key]);
      expect(map.getMany([key])).toEqual(new Map([[key, "value"]]));
      delete bucket[key];
      expect(Object.keys(bucket)).toEqual([]);
    });

    it.each([
      ["of 1025 bytes", "k".repeat(1025)],
      ["of 1026 bytes in 513 characters", "ú".repeat(513)],
      ["with a lone surrogate", "a\ud83d"],
      ["that is empty, without a prefix", ""],
    ])("%s is refused in every use, and nothing is sent", (_what, key) => {
      for (const use of [
        () => bucket[key],
        () => (bucket[key] = "value"),
        () => key in bucket,
        () => Reflect.deleteProperty(bucket, key),
        () => Object.getOwnPropertyDescriptor(bucket, key),
        () =>
          Object.defineProperty(bucket, key, {
            value: "",
            writable: true,
            enumerable: true,
            configurable: true,
          }),
        () => map.head(key),
        () => map.getMany(["good", key]),
        () =>
          map.setMany([
            ["good", "value"],
            [key, "value"],
          ]),
        () => map.deleteMany(["good", key]),
      ]) {
        expect(use).toThrow(TypeError);
      }
      expect(server.counts().total).toBe(0);
    });

    it("counts its prefix", () => {
      const sub = map.subMap("p".repeat(1000));
      sub.set("k".repeat(24), "value");
      expect([...sub.keys()]).toEqual(["k".repeat(24)]);
      expect(() => sub.get("k".repeat(25))).toThrow("1024 bytes");
    });

    it("that is empty is one under a prefix", () => {
      const sub = asObject(map.subMap("prefix"));
      sub[""] = "value";
      expect([sub[""], "" in sub, Object.keys(sub), bucket["prefix"]]).toEqual([
        "value",
        true,
        [""],
        "value",
      ]);
    });

    it("that is a symbol cannot be written, and reads as on any object", () => {
      const symbol = Symbol("key");
      const symbols = bucket as object as Record<symbol, unknown>;
      expect(() => {
        symbols[symbol] = "value";
      }).toThrow("A key must be a string, not the symbol Symbol(key).");
      expect(() => Object.defineProperty(bucket, symbol, { value: "value" })).toThrow(TypeError);
      expect([symbols[symbol], symbol in bucket, delete symbols[symbol]]).toEqual([undefined, false, true]);
      expect(server.counts().total).toBe(0);
    });
  });
});
