import vm from "node:vm";
import { runInNewContext } from "node:vm";
import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import type { SyncMap } from "../../lib/index.js";
import { json, structured } from "../../lib/layers/index.js";
import { anything } from "../support/anything.js";
import { same } from "../support/same.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
let map: SyncMap<unknown>;
beforeEach(() => {
  at = place();
  map = structured<unknown>(at.bytes);
});

const circle: Record<string, unknown> = { a: [] };
(circle["a"] as unknown[]).push(circle);
const kinds = (value: unknown): string => Object.prototype.toString.call(value);

/** Bytes that were transferred, as to another thread. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(4);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

describe("structured", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["undefined in an object", { a: undefined, b: [undefined] }],
    ["numbers that JSON has not", [NaN, -0, Infinity]],
    ["a BigInt", 2n ** 80n],
    ["a Date", new Date(1234)],
    ["an invalid Date", new Date(NaN)],
    [
      "a Map of Maps",
      new Map<unknown, unknown>([
        ["a", new Map([[{ b: 1 }, 2]])],
        [NaN, null],
      ]),
    ],
    ["a Set", new Set([1, "1", 1n])],
    ["a RegExp", /a+/giu],
    ["boxed values", [Object(1), Object("a"), Object(true), Object(1n)]],
    ["errors", [new Error("a"), new RangeError("b")]],
    ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
    [
      "typed arrays",
      [new Uint8Array([1]), new Float64Array([0.5]), new BigInt64Array([1n]), new Uint8ClampedArray([300])],
    ],
    ["a DataView", new DataView(new ArrayBuffer(3), 1)],
    ["a Buffer", Buffer.from("ú")],
    // eslint-disable-next-line no-sparse-arrays
    ["holes, and an array with a name", Object.assign([1, , 3], { name: "x" })],
    ["a lone surrogate", "\ud800"],
    ["values of another realm", runInNewContext("({ a: [new Date(0), new Map([[1, 2]])] })")],
  ])("keeps %s", (_what, value) => {
    map.set("key", value);
    const read = map.get("key");
    expect(kinds(read)).toBe(kinds(value));
    expect(same(read, value)).toBe(true);
  });

  it("keeps cycles, and one object in two places as one", () => {
    map.set("key", { circle, also: circle });
    const read = map.get("key") as { circle: { a: unknown[] }; also: unknown };
    expect(read.circle.a[0]).toBe(read.circle);
    expect(read.also).toBe(read.circle);
  });

  it("gives a value of the program's own each time", () => {
    map.set("key", { a: 1 });
    expect(map.get("key")).not.toBe(map.get("key"));
    expect(map.get("key")).toEqual({ a: 1 });
  });

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined. "],
    ["a function", { a: [() => 1] }, "a function, at .a[0]. "],
    ["a symbol", { a: Symbol("b") }, "a symbol, at .a. "],
    ["a symbol as a key", { [Symbol("b")]: 1 }, "whose key is a symbol"],
    [
      "an instance of a class",
      new Map([["ann", new (class Ann {})()]]),
      "an Ann, which would not come back as one, at .ann. ",
    ],
    ["a Date's subclass", [new (class Day extends Date {})()], "a Day, which"],
    [
      "a Map's key of a class",
      new Map([[new (class Ann {})(), 1]]),
      'an Ann, which would not come back as one, at ["key 0"]. ',
    ],
    ["a typed array's subclass", new Set([new (class Bytes extends Uint8Array {})()]), "a Bytes, which"],
    ["no prototype", { a: Object.create(null) as unknown }, "an object without a prototype"],
    ["a Promise", { a: Promise.resolve() }, "a Promise"],
    ["a WeakMap", { a: new WeakMap() }, "a WeakMap"],
    ["shared memory", { a: new SharedArrayBuffer(1) }, "a SharedArrayBuffer"],
    ["a view of shared memory", { a: new Uint8Array(new SharedArrayBuffer(1)) }, "a Uint8Array"],
    ["a Proxy", { a: new Proxy({}, {}) }, "a Proxy, such as an object that json returned, at .a. "],
    [
      "an error with a cause",
      { a: new Error("x", { cause: 1 }) },
      "an error with the property cause, at .a. ",
    ],
    ["an error's subclass", new (class Mine extends Error {})("x"), "a Mine"],
    ["a RegExp in use", Object.assign(/a/g, { lastIndex: 3 }), "in the middle of a search"],
    ["a Date with a name", Object.assign(new Date(0), { more: 1 }), "a Date with the property more"],
    ["a Map with a name", Object.assign(new Map(), { more: 1 }), "a Map with the property more"],
    ["a getter", { a: { get b() { return 1; } } }, "a getter or setter, at .a.b. "], // prettier-ignore
    ["a hidden property", Object.defineProperty({}, "a", { value: 1 }), "not enumerable, at .a. "],
    [
      "a resizable ArrayBuffer",
      new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(1, { maxByteLength: 2 }),
      "a resizable ArrayBuffer",
    ],
    ["a detached ArrayBuffer", detached().buffer, "a detached ArrayBuffer"],
    ["bytes whose ArrayBuffer is detached", { a: detached() }, "a detached ArrayBuffer, at .a. "],
    ["arguments", vm.runInThisContext("(function () { return arguments; })(1)") as unknown, "an object of a class"], // prettier-ignore
  ])("refuses %s, says where it is, and stores nothing", (_what, value, message) => {
    map.set("key", "before");
    const error = thrownBy(() => map.set("key", value)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^structured cannot keep /);
    expect(error.message).toContain(message);
    expect(() => map.create("other", value)).toThrow(TypeError);
    expect(() =>
      map.setMany([
        ["other", 1],
        ["key", value],
      ]),
    ).toThrow(TypeError);
    expect([...map]).toEqual([["key", "before"]]);
  });

  it("says how to store what json gave", () => {
    const users = json<object>(at.strings.subMap("users/"));
    users.set("ann", { name: "Ann" });
    expect(() => map.set("copy", users.get("ann"))).toThrow(/JSON\.parse\(JSON\.stringify\(value\)\)/);
  });

  it("writes a version before what V8 writes, and says of another that it cannot read it", () => {
    map.set("key", [1]);
    const stored = at.bytes.get("key")!;
    expect(stored.subarray(0, 6).toString("latin1")).toBe("S3BMs\u0001");
    expect(deserialize(stored.subarray(6))).toEqual([1]);
    stored[5] = 2;
    at.bytes.set("newer", stored);
    expect(thrownBy(() => map.get("newer"))).toMatchObject({
      code: "NotStructured",
      message: expect.stringMatching(
        /version 2 of the format, but this layer reads version 1.*newer version of s3bucketmap/,
      ) as string,
    });
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["text", Buffer.from("hello")],
    ["a header alone", Buffer.from("S3BMs\u0001")],
    ["cut off", Buffer.concat([Buffer.from("S3BMs\u0001"), serialize({ a: "some text" }).subarray(0, 8)])],
  ])("says of what it did not store so which object it is: %s", (_what, bytes) => {
    at.bytes.set("key", bytes);
    expect(thrownBy(() => map.get("key"))).toMatchObject({
      code: "NotStructured",
      operation: "get",
      bucket: "bucket",
    });
  });

  it("refuses a base that does not give bytes", () => {
    expect(() => structured(at.strings as unknown as SyncMap<Buffer>)).toThrow(
      /structured requires a map that returns bytes, but this one returns strings\. Use new S3BucketMap\("my-bucket", \{ readAs: "bytes" \}\)/,
    );
  });

  it("gives back any value as it was, or refuses it and stores nothing", () => {
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(anything, (value) => {
        map.set("key", "before");
        try {
          map.set("key", value);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect(map.get("key")).toBe("before");
          refused += 1;
          return;
        }
        taken += 1;
        const read = map.get("key");
        expect([kinds(read), same(read, value)]).toEqual([kinds(value), true]);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(20);
    expect(taken).toBeGreaterThan(200);
  });
});
