import vm from "node:vm";
import { isDeepStrictEqual } from "node:util";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { asMap, asObject, S3BucketMapError } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { gzip, json, structured } from "../../lib/layers/index.js";
import { anything } from "../support/anything.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
let map: SyncMap<unknown>;
beforeEach(() => {
  at = place();
  map = json<unknown>(at.strings);
});

const circle: Record<string, unknown> = { a: [{}] };
(circle["a"] as unknown[])[1] = { back: circle };
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
};

describe("json", () => {
  it("stores JSON as others read it, and says so", () => {
    map.set("key", { a: [1, "ú", null, true] });
    expect(at.strings.get("key")).toBe('{"a":[1,"ú",null,true]}');
    expect(map.head("key")).toMatchObject({ contentType: "application/json" });
    map.set("key", 1, { contentType: "application/ld+json", metadata: { a: "b" } });
    expect(map.head("key")).toMatchObject({ contentType: "application/ld+json", metadata: { a: "b" } });
  });

  it("gives what others stored as JSON, and null where null is stored", () => {
    at.strings.set("key", ' { "__proto__" : 1 , "a" : -0 } ').set("null", "null");
    expect(Object.entries(map.get("key") as object)).toEqual([
      ["__proto__", 1],
      ["a", -0],
    ]);
    expect(map.get("null")).toBeNull();
    expect(map.get("missing")).toBeUndefined();
  });

  it("takes plain values of another realm, and the same object twice", () => {
    const twice = { a: 1 };
    map.set("key", [twice, twice, runInNewContext("({ b: [1] })")]);
    expect(map.get("key")).toEqual([{ a: 1 }, { a: 1 }, { b: [1] }]);
  });

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined. "],
    ["undefined in an object", { user: { name: undefined } }, "undefined, at .user.name. "],
    ["undefined in an array", { tags: ["a", undefined] }, "undefined, at .tags[1]. "],
    ["a function", [() => 1], "a function, at [0]. "],
    ["a method", { "odd key": { toJSON: () => 1 } }, 'a function, at ["odd key"].toJSON. '],
    ["a symbol", { a: Symbol("b") }, "a symbol, at .a. "],
    ["a symbol as a key", { a: { [Symbol("b")]: 1 } }, "whose key is a symbol (Symbol(b)), at .a. "],
    ["a BigInt", { a: 1n }, "a BigInt, at .a. "],
    ["NaN", [[NaN]], "NaN, at [0][0]. "],
    ["Infinity", { a: -Infinity }, "-Infinity, at .a. "],
    ["minus zero", { a: -0 }, "-0, which would come back as 0, at .a. "],
    ["a cycle", circle, "an object inside itself, at .a[1].back. "],
    ["a Date", { at: new Date(0) }, "a Date, which would come back as a plain object or a string, at .at. "],
    ["a Map", { a: new Map() }, "a Map, which"],
    ["an error", new TypeError("x"), "a TypeError, which"],
    ["a Buffer", { a: Buffer.from("x") }, "a Buffer, which"],
    ["an instance of a class", { a: new (class Ann {})() }, "an Ann, which"],
    ["an array's subclass", { a: new (class List extends Array {})() }, "an array"],
    ["a boxed string", { a: Object("x") as unknown }, "a String, which"],
    ["no prototype", { a: Object.create(null) as unknown }, "an object without a prototype, which"],
    // eslint-disable-next-line no-sparse-arrays
    ["a hole", { a: [1, , 3] }, "an array with a hole at index 1, at .a. "],
    ["a hole at the end", { a: new Array(1) }, "an array with a hole at index 0, at .a. "],
    ["an array with a name", { a: Object.assign([1], { b: 1 }) }, 'an array with the property "b", at .a. '],
    ["a getter", { a: { get b() { return 1; } } }, "a getter or setter, at .a.b. "], // prettier-ignore
    ["a hidden property", Object.defineProperty({}, "a", { value: 1 }), "not enumerable, at .a. "],
    ["too many levels", nested(1001), "more than 1000 levels, at [0][0]"],
  ])("refuses %s, says where it is, and stores nothing", (_what, value, message) => {
    map.set("key", "before");
    const error = thrownBy(() => map.set("key", value)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(`json cannot keep ${message.startsWith("whose") ? "a property " : ""}`);
    expect(error.message).toContain(message);
    for (const write of [
      () =>
        map.setMany([
          ["other", 1],
          ["key", value],
        ]),
      () => map.create("other", value),
      () => map.update("key", () => (value === undefined ? Symbol() : value)),
    ]) {
      expect(write).toThrow(TypeError);
    }
    expect([...map]).toEqual([["key", "before"]]);
  });

  it("keeps as many levels as it says", () => {
    map.set("key", nested(1000));
    expect(isDeepStrictEqual(map.get("key"), nested(1000))).toBe(true);
    // Whatever others stored can be read.
    at.strings.set("deep", `${"[".repeat(5000)}${"]".repeat(5000)}`);
    let value = map.get("deep");
    let levels = 0;
    for (; Array.isArray(value); levels += 1) value = value[0] as unknown;
    expect(levels).toBe(5000);
  });

  it("says of what is no JSON which object it is", () => {
    at.strings.set("key", "{oops");
    expect(thrownBy(() => map.get("key"))).toMatchObject({
      name: "S3BucketMapError",
      code: "NotJson",
      operation: "get",
      bucket: "bucket",
      key: expect.stringMatching(/^\d+\/key$/) as string,
      cause: expect.any(SyntaxError) as Error,
    });
    at.bytes.set("key", Buffer.of(0xff));
    expect(thrownBy(() => json(at.bytes).get("key"))).toMatchObject({ code: "NotUtf8" });
    expect(thrownBy(() => map.get("key"))).toBeInstanceOf(S3BucketMapError);
  });

  it("names those of many that are no JSON", () => {
    map.set("a", 1);
    at.strings.set("b", "oops");
    const error = thrownBy(() => map.getMany(["a", "b", "missing"]));
    expect(error).toMatchObject({ name: "PartialFailureError", operation: "getMany", succeeded: ["a"] });
    expect((error as { failed: Map<string, Error> }).failed.get("b")).toMatchObject({ code: "NotJson" });
  });

  it("refuses a base that gives neither strings nor bytes", () => {
    expect(() => json(structured(at.bytes) as SyncMap<never>)).toThrow(TypeError);
    expect(() => json(map as SyncMap<never>)).toThrow(
      /json requires a map that returns strings or bytes, but this one returns frozen values, as json does/,
    );
    expect(json(gzip(at.bytes)).set("a", 1).get("a")).toBe(1);
  });
});

describe("what json gives", () => {
  interface User {
    name: string;
    tags: { id: number }[];
  }
  const ann: User = { name: "Ann", tags: [{ id: 1 }] };

  const sloppily = vm.runInThisContext("(user) => { user.name = 1; }") as (user: User) => void;
  it.each<[string, (user: User) => unknown]>([
    ["an assignment", (user) => (user.name = "x")],
    ["an assignment deep within", (user) => (user.tags[0]!.id = 2)],
    ["a new property", (user) => Object.assign(user, { more: 1 })],
    ["a push", (user) => user.tags.push({ id: 2 })],
    ["a splice", (user) => user.tags.splice(0, 1)],
    ["a deletion", (user) => Reflect.deleteProperty(user, "name")],
    ["a definition", (user) => Object.defineProperty(user, "name", { value: 1 })],
    ["another prototype", (user) => Object.setPrototypeOf(user, null) as unknown],
    ["an assignment in sloppy code", (user) => sloppily(user)],
  ])("throws at %s, saying what to do, and nothing changes", (_what, change) => {
    const users = asObject(json<User>(at.strings));
    users["ann"] = ann;
    for (const user of [users["ann"], asMap(users).getMany(["ann"]).get("ann")!, Object.values(users)[0]!]) {
      const error = thrownBy(() => change(user)) as Error;
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/would not reach S3.*edit\(bucket, .*live\(json\(map\)\)/);
      expect(user).toEqual(ann);
    }
    expect(users["ann"]).toEqual(ann);
  });

  it("is frozen all through, and otherwise as any value", () => {
    map.set("ann", ann);
    const user = map.get("ann") as User;
    expect([user, user.tags, user.tags[0]].every((part) => Object.isFrozen(part))).toBe(true);
    expect(Array.isArray(user.tags)).toBe(true);
    expect(user.tags[0]).toBe(user.tags[0]);
    expect(isDeepStrictEqual(user, ann)).toBe(true);
    expect(JSON.stringify(user)).toBe(JSON.stringify(ann));
    expect(
      isDeepStrictEqual(
        { ...user, tags: user.tags.map(({ id }) => ({ id: id + 1 })) },
        { name: "Ann", tags: [{ id: 2 }] },
      ),
    ).toBe(true);
  });

  it("can be stored again", () => {
    map.set("ann", ann).set("copy", map.get("ann"));
    expect(map.get("copy")).toEqual(ann);
  });

  it("is given to update, too, which is the way to change it", () => {
    map.set("ann", ann);
    expect(() => map.update("ann", (user) => Object.assign(user as User, { name: "x" }))).toThrow(TypeError);
    expect(map.get("ann")).toEqual(ann);
    map.update("ann", (user) => ({ ...(user as User), name: "Anna" }));
    expect(map.get("ann")).toEqual({ ...ann, name: "Anna" });
  });
});

describe("json, of anything", () => {
  it("gives back what it takes, as it was", () => {
    const accepted = fc
      .jsonValue()
      .filter(
        (value) =>
          !JSON.stringify([value], (_k, v: unknown) => (Object.is(v, -0) ? "-0!" : v)).includes("-0!"),
      );
    fc.assert(
      fc.property(accepted, (value) => {
        map.set("key", value);
        expect(isDeepStrictEqual(map.get("key"), value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("gives back any value as it was, or refuses it and stores nothing", () => {
    let refused = 0;
    let taken = 0;
    const few = fc.oneof(
      { weight: 3, arbitrary: anything },
      { weight: 1, arbitrary: fc.tuple(fc.jsonValue(), anything) },
    );
    fc.assert(
      fc.property(few, (value) => {
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
        expect(isDeepStrictEqual(map.get("key"), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(50);
    expect(taken).toBeGreaterThan(50);
  });
});
