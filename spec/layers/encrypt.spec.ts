import { randomBytes } from "node:crypto";
import fc from "fast-check";
import type { SyncMap } from "../../lib/index.js";
import { encrypt, gzip } from "../../lib/layers/index.js";
import { secret } from "../support/layer-stacks.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
beforeEach(() => {
  at = place();
});

describe("encrypt", () => {
  it("gives back any bytes, of which none is to be seen in what is stored, nor twice the same", () => {
    const map = encrypt(at.bytes, randomBytes(32));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.string({ minLength: 1 }).filter((key) => key.isWellFormed()),
        (bytes, key) => {
          map.set(key, bytes);
          expect(map.get(key)!.equals(bytes)).toBe(true);
          const first = at.bytes.get(key)!;
          expect(first).toHaveLength(bytes.length + 43);
          if (bytes.length > 8) expect(first.includes(Buffer.from(bytes))).toBe(false);
          map.set(key, bytes);
          expect(at.bytes.get(key)!.subarray(14).equals(first.subarray(14))).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("reads the same object through a sub-map and its parent", () => {
    const map = encrypt(at.bytes, secret);
    map.set("a/b", "1");
    map.subMap("a/").setMany([["c", "2"]]);
    expect(String(map.subMap("a").get("/b"))).toBe("1");
    expect(String(map.get("a/c"))).toBe("2");
    expect(String(encrypt(at.bytes.subMap("a/"), secret).get("c"))).toBe("2");
  });

  it("does not read a value under another key than it was stored under", () => {
    const map = encrypt(at.bytes, secret);
    map.set("paid", "no").set("admin", "yes");
    at.bytes.set("paid", at.bytes.get("admin")!);
    expect(thrownBy(() => map.get("paid"))).toMatchObject({
      code: "Damaged",
      operation: "get",
      bucket: "bucket",
    });
  });

  it("notices every bit that is changed, and every byte that is cut off", () => {
    const map = encrypt(at.bytes, secret);
    map.set("key", "some words", { contentEncoding: "identity" });
    const stored = at.bytes.get("key")!;
    const codes = new Map<string, number>();
    const count = (bytes: Buffer): void => {
      at.bytes.set("key", bytes);
      const { code } = thrownBy(() => map.get("key")) as { code: string };
      codes.set(code, (codes.get(code) ?? 0) + 1);
    };
    for (let bit = 0; bit < 8 * stored.length; bit += 1) {
      const changed = Buffer.from(stored);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      count(changed);
    }
    expect(Object.fromEntries(codes)).toEqual({
      NotEncrypted: 8 * 6,
      WrongKey: 8 * 8,
      Damaged: 8 * (stored.length - 14),
    });
    codes.clear();
    for (let length = 0; length < stored.length; length += 1) count(stored.subarray(0, length));
    expect(Object.fromEntries(codes)).toEqual({ NotEncrypted: 5, Damaged: stored.length - 5 });
  });

  it("tells another key, a newer version, and what it did not store apart", () => {
    const map = encrypt(at.bytes, secret);
    map.set("key", "words");
    expect(thrownBy(() => encrypt(at.bytes, randomBytes(32)).get("key"))).toMatchObject({ code: "WrongKey" });
    const newer = at.bytes.get("key")!;
    newer[5] = 2;
    at.bytes.set("newer", newer).set("plain", "plain words, as long as any that this layer stores");
    expect(thrownBy(() => map.get("newer"))).toMatchObject({
      code: "NotEncrypted",
      message: expect.stringContaining("version 2 of the format, but this layer reads version 1") as string,
    });
    expect(thrownBy(() => map.get("plain"))).toMatchObject({ code: "NotEncrypted" });
    expect(thrownBy(() => map.getMany(["key", "newer"]))).toMatchObject({ succeeded: ["key"] });
  });

  it("does not change a value that update cannot read", () => {
    encrypt(at.bytes, secret).set("key", "words");
    const before = at.bytes.get("key");
    expect(
      thrownBy(() => encrypt(at.bytes, randomBytes(32)).update("key", () => Buffer.from("x"))),
    ).toMatchObject({ code: "WrongKey" });
    expect(at.bytes.get("key")).toEqual(before);
  });

  it("hides a Content-Encoding, which is none of the object's, and gives it to the layer above", () => {
    const map = gzip(encrypt(at.bytes, secret));
    map.set("key", "words", { contentType: "text/plain", metadata: { a: "b" } });
    expect(map.head("key")).toMatchObject({
      contentEncoding: undefined,
      contentType: "text/plain",
      metadata: { a: "b" },
    });
    expect(String(map.get("key"))).toBe("words");
    expect(() => encrypt(at.bytes, secret).set("key", "x", { contentEncoding: "ú" })).toThrow(TypeError);
  });

  it("refuses a value that cannot be encrypted at once", () => {
    const tooLong = Buffer.from(new ArrayBuffer(2 ** 31 - 511)); // Never touched, it takes no memory.
    expect(() => encrypt(at.bytes, secret).set("key", tooLong)).toThrow(
      new TypeError("encrypt accepts at most 2147483136 bytes, but this value has 2147483137 bytes."),
    );
  });

  it("keeps a copy of the key", () => {
    const key = randomBytes(32);
    const map = encrypt(at.bytes, key);
    map.set("key", "words");
    key.fill(0);
    map.set("other", "words");
    expect([...map.values()].map(String)).toEqual(["words", "words"]);
  });

  it.each<[string, unknown, string]>([
    ["a passphrase", "correct horse battery staple....", "a string"],
    ["16 bytes", randomBytes(16), "16 bytes"],
    ["nothing", undefined, "nothing"],
  ])("refuses %s as a key, and does not show it", (_what, key, given) => {
    const error = thrownBy(() => encrypt(at.bytes, key as Uint8Array)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(
      `encrypt requires a key of 32 bytes, not ${given}. Create a key by randomBytes(32)`,
    );
    expect(error.message).not.toContain("horse");
  });

  it("refuses a base that does not give bytes", () => {
    expect(() => encrypt(at.strings as unknown as SyncMap<Buffer>, secret)).toThrow(
      /encrypt requires a map that returns bytes, but this one returns strings/,
    );
  });
});
