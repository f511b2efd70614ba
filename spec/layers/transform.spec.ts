import { inspect } from "node:util";
import { asMap, asObject, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import * as all from "../../lib/layers/index.js";
import {
  cache,
  encrypt,
  expire,
  gzip,
  json,
  readonly,
  structured,
  text,
  transform,
  validate,
} from "../../lib/layers/index.js";
import type { StandardSchema } from "../../lib/layers/index.js";
import { layerNames, secret } from "../support/layer-stacks.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
beforeEach(() => {
  at = place();
});

const dates = (map: SyncMap<string>): SyncMap<Date> =>
  transform(map, {
    name: "dates",
    contentType: "text/x-date",
    encode: (date: Date) => {
      if (Number.isNaN(date.getTime())) throw new TypeError("that is no date");
      return date.toISOString();
    },
    decode: (stored) => {
      if (!stored.endsWith("Z")) throw new RangeError(`not a date: ${stored}`);
      return new Date(stored);
    },
  });

describe("transform", () => {
  it("stores what encode makes, and gives what decode makes of it, by every method", () => {
    const map = dates(at.strings);
    const day = new Date(0);
    map.set("a", day).setMany([["b", new Date(1)]]);
    expect(map.create("c", new Date(2))).toBe(true);
    map.update("c", (date) => new Date(date!.getTime() + 1));
    expect(Object.fromEntries(at.strings)).toEqual({
      a: "1970-01-01T00:00:00.000Z",
      b: "1970-01-01T00:00:00.001Z",
      c: "1970-01-01T00:00:00.003Z",
    });
    expect(map.get("a")).toEqual(day);
    expect([...map.getMany(["a", "c"]).values()]).toEqual([day, new Date(3)]);
    expect([...map.values()].map(Number)).toEqual([0, 1, 3]);
    expect(map.head("a")).toMatchObject({ contentType: "text/x-date" });
    expect([...map.list({ limit: 1 })]).toMatchObject([{ key: "a", size: 24 }]);
    expect(asObject(map)["a"]).toEqual(day);
  });

  it("gives encode and decode the whole key, the same through any sub-map", () => {
    const keys = new Set<string>();
    const note = (value: string, key: string): string => {
      keys.add(key);
      return value;
    };
    const map = transform(at.strings, { encode: note, decode: note });
    map.set("a/b", "1");
    map.subMap("a/").set("b", "2");
    map.subMap("a").subMap("/").update("b", String);
    expect([map.get("a/b"), [...map.subMap("a/")], [...map.subMap("a").getMany(["/b"])]]).toEqual([
      "2",
      [["b", "2"]],
      [["/b", "2"]],
    ]);
    expect([...keys]).toEqual([expect.stringMatching(/^\d+\/a\/b$/)]);
  });

  it("stores nothing where encode throws, whose error passes through", () => {
    const map = dates(at.strings);
    for (const write of [
      () => map.set("a", new Date(NaN)),
      () => map.create("a", new Date(NaN)),
      () => map.setMany([["b", new Date(0)], ["a", new Date(NaN)]]), // prettier-ignore
      () => map.update("a", () => new Date(NaN)),
    ]) {
      expect(write).toThrow(new TypeError("that is no date"));
    }
    expect(map.size).toBe(0);
  });

  it("stores and deletes nothing where encode makes undefined of a value", () => {
    const map = transform<string, string>(at.strings, {
      encode: (() => undefined) as unknown as (value: string) => string,
      decode: (stored) => stored,
    });
    at.strings.set("a", "precious");
    for (const write of [
      () => map.set("a", "1"),
      () => map.create("b", "1"),
      () => map.setMany([["a", "1"]]),
      () => map.update("a", () => "1"),
    ]) {
      expect(write).toThrow(TypeError);
    }
    expect([...at.strings]).toEqual([["a", "precious"]]);
    expect(map.update("a", () => undefined)).toBeUndefined();
    expect(at.strings.size).toBe(0);
  });

  it("says of what decode cannot read which object it is, with decode's error as the cause", () => {
    at.strings.set("a", "yesterday");
    const map = dates(at.strings);
    const notDecodable = {
      code: "NotDecodable",
      operation: "get",
      bucket: "bucket",
      key: expect.stringMatching(/^\d+\/a$/) as string,
      message: expect.stringMatching(
        /^Cannot read "\d+\/a" in bucket "bucket": NotDecodable: dates: not a date: yesterday\. /,
      ) as string,
      cause: new RangeError("not a date: yesterday"),
    };
    for (const read of [() => map.get("a"), () => [...map], () => map.update("a", () => new Date(0))]) {
      expect(thrownBy(read)).toMatchObject(notDecodable);
    }
    expect(thrownBy(() => map.getMany(["a"]))).toMatchObject({ code: "PartialFailure", succeeded: [] });
    expect(at.strings.get("a")).toBe("yesterday");
  });

  it("gives its keys before it reads a value, and reads as far as it is asked", () => {
    const read: string[] = [];
    const map = transform(at.strings, {
      encode: (value: string) => value,
      decode: (stored: string) => {
        read.push(stored);
        return stored;
      },
    });
    map.setMany(["a", "b", "c"].map((key) => [key, key] as const));
    expect([...map.keys()]).toEqual(["a", "b", "c"]);
    for (const [key] of map) if (key === "b") break;
    expect(read).toEqual(["a", "b"]);
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /requires \{ encode, decode \}, not undefined/],
    ["no decode", { encode: String }, /requires decode to be a function, not undefined/],
    ["an encode that is none", { encode: "json", decode: String }, /requires encode to be a function/],
    ["a misspelt option", { encode: String, decode: String, contenttype: "a" }, /did you mean "contentType"/],
    ["an empty name", { encode: String, decode: String, name: "" }, /The option name of transform/],
  ])("refuses %s", (_what, given, message) => {
    expect(() => transform(at.strings, given as { encode: typeof String; decode: typeof String })).toThrow(
      message,
    );
  });
});

describe("every layer", () => {
  const anything: StandardSchema = {
    "~standard": { version: 1, vendor: "specs", validate: (value) => ({ value }) },
  };
  const makers = Object.entries({
    cache: (map: never) => cache(map),
    encrypt: (map: never) => encrypt(map, secret),
    expire: (map: never) => expire(map, 1000),
    gzip: (map: never) => gzip(map),
    json: (map: never) => json(map),
    readonly: (map: never) => readonly(map),
    structured: (map: never) => structured(map),
    text: (map: never) => text(map),
    transform: (map: never) => transform(map, { encode: String, decode: String }),
    validate: (map: never) => validate(map, anything),
    writeBuffer: (map: never) =>
      (all as unknown as { writeBuffer: (map: never) => unknown }).writeBuffer(map),
  });

  it("is here", () => {
    // `live` takes a map of values only, and says so itself.
    expect([...makers.map(([name]) => name), "live"].sort()).toEqual(layerNames);
  });

  it.each(makers)("%s takes maps, and says what to do with anything else", (name, make) => {
    expect(make(at.bytes as never)).toMatchObject({ [Symbol.toStringTag]: name });
    for (const [given, message] of [
      [undefined, `${name} requires a map, such as new S3BucketMap("my-bucket"), not undefined.`],
      [
        asObject(at.bytes),
        `${name} requires a map, not a bucket object. Use ${name}(asMap(object)), and asObject around that.`,
      ],
      [new Map(), `${name} requires a map with all methods of SyncMap, but this one (a Map) has no getMany.`],
    ] as const) {
      expect(thrownBy(() => make(given as never))).toEqual(new TypeError(message));
    }
  });

  it("is shown with its options and what it stands on, but never a key", () => {
    const stack = readonly(
      json(cache(gzip(encrypt(at.bytes, secret), { algorithm: "brotli" }), { max: 10 })),
    );
    expect(inspect(stack)).toMatch(
      /^readonly\(json\(cache\(gzip\(encrypt\(S3BucketMap \{ s3:\/\/bucket\/.* \}\), \{ algorithm: 'brotli' \}\), \{ max: 10 \}\)\)\)$/,
    );
    expect(inspect(asObject(stack))).toContain("over readonly(json(");
    for (const showProxy of [true, false]) {
      const shown = inspect(asObject(stack), { depth: 20, showProxy, showHidden: true });
      expect(shown).not.toContain(secret.toString());
      expect(shown).not.toContain(secret.toString("hex").slice(0, 16));
    }
  });

  it("has a facade whose listings answer for its keys, and know of writes through any map", () => {
    const bucket = asObject(json<number>(gzip(at.bytes)));
    Object.assign(bucket, { a: 1, b: 2, c: 3 });
    const seen: string[] = [];
    for (const key in bucket) {
      seen.push(key);
      if (key === "a") at.bytes.delete("b");
    }
    expect(seen).toEqual(["a", "c"]);
    expect({ ...bucket }).toEqual({ a: 1, c: 3 });
    expect(asMap(bucket).subMap("a").get("")).toBe(1);
  });

  it("passes on a closed map's refusal", () => {
    const map = json(cache(new S3BucketMap("bucket", { local: "unused" })));
    map.close();
    expect(() => void map.get("a")).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
  });
});
