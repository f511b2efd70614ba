import assert from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { format, inspect, isDeepStrictEqual } from "node:util";
import Handlebars from "handlebars";
import * as yaml from "js-yaml";
import Keyv from "keyv";
import _ from "lodash";
import { asObject, S3BucketMap } from "../lib/index.js";
import type { BucketObject } from "../lib/index.js";

// Code written by others, which knows nothing of S3, is given a facade where it expects a plain object.

type Strings = Record<string, string | undefined>;

/** In the order of S3, as a listing gives them. */
const content = {
  "a/b": "nested",
  constructor: "not a function",
  length: "3",
  name: "<Ada>",
  "odd key": "ú 😀",
  toJSON: "not a function either",
  zero: "0",
};

const directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-others-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
let map: S3BucketMap;
let bucket: BucketObject<string>;
let plain: Strings;
beforeEach(() => {
  map = new S3BucketMap("bucket", { local: directory, prefix: `${count++}/` });
  bucket = asObject(map);
  plain = Object.assign(Object.create(null), content) as Strings;
  map.setMany(Object.entries(content));
});

/** What a visit leaves behind, in the order of the visit. */
function gathered(visit: (seen: unknown[]) => unknown): unknown[] {
  const seen: unknown[] = [];
  visit(seen);
  return seen;
}

describe("lodash", () => {
  const isLong = (value: string | undefined): boolean => (value?.length ?? 0) > 3;
  // What gives a result, and leaves the object as it is.
  const reads: Record<string, (o: Strings) => unknown> = {
    at: (o) => _.at(o, ["name", "missing", "zero"]),
    clone: (o) => _.clone(o),
    cloneDeep: (o) => _.cloneDeep(o),
    countBy: (o) => _.countBy(o, "length"),
    entries: (o) => _.entries(o),
    every: (o) => _.every(o, (value) => _.isString(value)),
    filter: (o) => _.filter(_.omit(o, "length"), isLong),
    find: (o) => _.find(_.omit(o, "length"), isLong),
    findKey: (o) => _.findKey(o, isLong),
    forIn: (o) => gathered((seen) => _.forIn(o, (value, key) => void seen.push([key, value]))),
    forOwn: (o) => gathered((seen) => _.forOwn(o, (value, key) => void seen.push([key, value]))),
    "get, has, result": (o) => [
      _.get(o, "name"),
      _.get(o, "x", "y"),
      _.has(o, "name"),
      _.has(o, "x"),
      _.result(o, "zero"),
    ],
    "get, a key that looks like a path": (o) => [_.get(o, ["a/b"]), _.get(o, "name.length")],
    invert: (o) => _.invert(o),
    isEmpty: (o) => [_.isEmpty(o), _.isEmpty(_.pick(o, []))],
    "isEqual, both ways": (o) => [
      _.isEqual(o, { ...content }),
      _.isEqual({ ...content }, o),
      _.isEqual(o, { ...content, zero: "1" }),
    ],
    isMatch: (o) => [_.isMatch(o, { name: "<Ada>" }), _.isMatch(o, { name: "Bob" })],
    "isObject, isObjectLike": (o) => [_.isObject(o), _.isObjectLike(o), _.isString(o), _.isFunction(o)],
    isPlainObject: (o) => _.isPlainObject(o),
    keys: (o) => _.keys(o),
    keysIn: (o) => _.keysIn(o),
    mapKeys: (o) => _.mapKeys(o, (_value, key) => key.toUpperCase()),
    mapValues: (o) => _.mapValues(o, (value) => value?.length),
    omit: (o) => _.omit(o, ["name", "zero"]),
    omitBy: (o) => _.omitBy(o, isLong),
    pick: (o) => _.pick(o, ["name", "missing", "odd key"]),
    pickBy: (o) => _.pickBy(o, isLong),
    property: (o): unknown[] => [_.property("name")(o), _.propertyOf(o)("zero")],
    template: (o) => _.template("<%- name %>, <%= zero %>")(o),
    toPairs: (o) => _.toPairs(o),
    toPlainObject: (o) => _.toPlainObject(o) as unknown,
    transform: (o) =>
      _.transform(o, (result: string[], value, key) => void result.push(`${key}=${value}`), [] as string[]),
    values: (o) => _.values(o),
    valuesIn: (o) => _.valuesIn(o),
    "assign, defaults, merge from it": (o) => [
      _.assign({}, o),
      _.defaults({ name: "kept" }, o),
      _.merge({ name: "replaced", other: "1" }, o),
    ],
  };
  // What changes the object: what is in it afterwards is compared.
  const writes: Record<string, (o: Strings) => unknown> = {
    assign: (o) => _.assign(o, { name: "Bob", more: "1" }),
    defaults: (o) => _.defaults(o, { name: "Bob", more: "1" }),
    merge: (o) => _.merge(o, { name: "Bob", more: "1" }),
    set: (o) => _.set(o, ["a/b"], "changed"),
    setWith: (o) => _.setWith(o, "new", "value", Object),
    unset: (o) => _.unset(o, "name"),
    update: (o) => _.update(o, "zero", (value) => `${value}0`) as unknown,
  };

  it.each(Object.entries(reads))("%s", (_name, read) => {
    expect(read(bucket)).toStrictEqual(read(plain));
    expect({ ...bucket }).toEqual(content);
  });

  it.each(Object.entries(writes))("%s changes what is stored", (_name, write) => {
    expect(write(bucket) === bucket).toBe(write(plain) === plain);
    expect(Object.fromEntries(map)).toEqual({ ...plain });
    expect({ ...plain }).not.toEqual(content);
  });

  it("memoize keeps its results in a map", () => {
    const compute = jest.fn((key: string) => key.toUpperCase());
    const memoized = _.memoize(compute);
    memoized.cache = map.subMap("memoized/");
    expect([memoized("a"), memoized("a"), memoized("b")]).toEqual(["A", "A", "B"]);
    expect(compute).toHaveBeenCalledTimes(2);
    // As another process would, that begins with what is stored.
    const again = _.memoize(compute);
    again.cache = new S3BucketMap("bucket", { local: directory, prefix: `${count - 1}/memoized/` });
    expect(again("b")).toBe("B");
    expect(compute).toHaveBeenCalledTimes(2);
  });
});

describe("node:assert and node:util", () => {
  it("deepEqual holds both ways, for what is equal and only for that", () => {
    for (const other of [{ ...content }, plain]) {
      assert.deepEqual(bucket, other);
      assert.deepEqual(other, bucket);
    }
    for (const other of [{}, { ...content, zero: "1" }, { ...content, more: "" }, _.omit(content, "zero")]) {
      assert.notDeepEqual(bucket, other);
      assert.notDeepEqual(other, bucket);
      assert.throws(() => assert.deepEqual(bucket, other), assert.AssertionError);
    }
  });

  it("deepStrictEqual holds both ways with an object without prototype", () => {
    assert.deepStrictEqual(bucket, plain);
    assert.deepStrictEqual(plain, bucket);
    assert.notDeepStrictEqual(bucket, { ...content });
    expect(isDeepStrictEqual(bucket, plain)).toBe(true);
    plain.zero = "1";
    assert.throws(() => assert.deepStrictEqual(bucket, plain), assert.AssertionError);
  });

  it("format and inspect show where it points, and not what is in it", () => {
    for (const shown of [format("%o", bucket), format(bucket), inspect({ bucket })]) {
      expect(shown).toContain("s3://bucket/");
      expect(shown).not.toContain("Ada");
    }
    expect(format("%s", bucket)).toBe("[object S3Bucket]");
  });
});

describe("Jest", () => {
  it("toEqual, both ways", () => {
    expect(bucket).toEqual(content);
    expect(content).toEqual(bucket);
    expect(bucket).not.toEqual({ ...content, zero: "1" });
    expect(bucket).not.toEqual({});
    expect(() => expect(bucket).toEqual({})).toThrow("toEqual");
    expect({ in: { it: bucket } }).toEqual({ in: { it: content } });
  });

  it("toMatchObject and toStrictEqual", () => {
    expect(bucket).toMatchObject({ name: "<Ada>" });
    expect(bucket).not.toMatchObject({ name: "Bob" });
    expect(bucket).toEqual(expect.objectContaining({ zero: "0" }));
    expect(bucket).toStrictEqual(plain);
  });

  it("toHaveProperty", () => {
    expect(bucket).toHaveProperty("name");
    expect(bucket).toHaveProperty("name", "<Ada>");
    expect(bucket).toHaveProperty(["a/b"], "nested");
    expect(bucket).not.toHaveProperty("missing");
    expect(bucket).not.toHaveProperty("name", "Bob");
    expect(() => expect(bucket).toHaveProperty("missing")).toThrow("toHaveProperty");
  });

  it("toMatchInlineSnapshot", () => {
    expect({ ...bucket }).toMatchInlineSnapshot(`
{
  "a/b": "nested",
  "constructor": "not a function",
  "length": "3",
  "name": "<Ada>",
  "odd key": "ú 😀",
  "toJSON": "not a function either",
  "zero": "0",
}
`);
  });
});

describe("the platform", () => {
  it("structuredClone of its spread", () => {
    expect(structuredClone({ ...bucket })).toEqual(content);
  });

  it("URLSearchParams and Headers of its properties", () => {
    expect(String(new URLSearchParams(bucket as Record<string, string>))).toBe(
      String(new URLSearchParams(content)),
    );
    const headers = asObject(map.subMap("headers/"));
    headers["x-a"] = "1";
    expect([...new Headers(headers as Record<string, string>)]).toEqual([["x-a", "1"]]);
  });

  it("JSON, with a replacer and a list of keys", () => {
    expect(JSON.stringify(bucket)).toBe(JSON.stringify(plain));
    expect(JSON.stringify(bucket, ["name", "zero"], 2)).toBe(JSON.stringify(plain, ["name", "zero"], 2));
    expect(JSON.stringify({ bucket }, (_key, value: unknown) => (value === "0" ? "zero" : value))).toBe(
      JSON.stringify({ bucket: plain }, (_key, value: unknown) => (value === "0" ? "zero" : value)),
    );
  });

  it("Object.fromEntries and Map of its entries", () => {
    expect(Object.fromEntries(Object.entries(bucket))).toEqual(content);
    expect(new Map(Object.entries(bucket))).toEqual(new Map(Object.entries(content)));
  });
});

describe("Handlebars", () => {
  it("renders its properties, lists and looks up, escaping as it does", () => {
    const source =
      "{{name}} {{{name}}} {{missing}}{{#each this}}[{{@key}}={{this}}]{{/each}}{{lookup this 'odd key'}}{{#if zero}}yes{{/if}}";
    const render = Handlebars.compile(source);
    // To it a property called constructor is an attack; both are asked without.
    delete bucket.constructor;
    delete plain["constructor" as string];
    const rendered = render(bucket);
    expect(rendered).toBe(render(plain));
    expect(rendered).toContain("&lt;Ada&gt; <Ada> [a/b=nested]");
    expect(Handlebars.compile("{{#with bucket}}{{name}}{{/with}}{{bucket.zero}}")({ bucket })).toBe(
      "&lt;Ada&gt;0",
    );
  });
});

describe("js-yaml", () => {
  it("dumps it, alone and within another object, and what it loads can be assigned", () => {
    expect(yaml.dump(bucket)).toBe(yaml.dump(plain));
    expect(yaml.load(yaml.dump({ bucket, list: [bucket] }, { noRefs: true }))).toEqual({
      bucket: content,
      list: [content],
    });
    Object.assign(bucket, yaml.load("name: Bob\nmore: 'yes'"));
    expect(bucket).toMatchObject({ name: "Bob", more: "yes" });
  });
});

describe("Keyv", () => {
  // On many keys at once Keyv speaks otherwise than a Map does: support/keyv-store.ts, keyv.spec.ts.
  it("takes a map as its store", async () => {
    const store = map.subMap("keyv/");
    const keyv = new Keyv({ store });
    const failed = jest.fn();
    keyv.on("error", failed);
    expect(await keyv.set("user", { name: "Ada", tags: ["a"] })).toBe(true);
    expect(await keyv.get("user")).toEqual({ name: "Ada", tags: ["a"] });
    expect([await keyv.has("user"), await keyv.has("nobody")]).toEqual([true, false]);
    expect(await keyv.delete("user")).toBe(true);
    expect(await keyv.get("user")).toBeUndefined();
    await keyv.set("a", 1);
    await keyv.clear();
    expect(store.size).toBe(0);
    expect(failed).not.toHaveBeenCalled();
  });
});
