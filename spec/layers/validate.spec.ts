import { inspect } from "node:util";
import * as v from "valibot";
import * as z from "zod";
import {
  asMap,
  asObject,
  batch,
  PartialFailureError,
  S3BucketMap,
  S3BucketMapError,
} from "../../lib/index.js";
import type { BucketObject } from "../../lib/index.js";
import {
  cache,
  gzip,
  json,
  readonly,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "../../lib/layers/index.js";
import type { StandardSchema, ValidatedMap } from "../../lib/layers/index.js";
import { loadArktype } from "../support/arktype.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
beforeEach(() => {
  at = place();
});

interface UserIn {
  name: string;
  visits?: number | undefined;
  tags?: string[] | undefined;
}
interface User {
  name: string;
  visits: number;
  tags: string[];
}

// The same schema, in three languages: a trimmed name of at least one character, and two defaults.
const schemas: [string, () => StandardSchema<UserIn, User> | Promise<StandardSchema<UserIn, User>>][] = [
  [
    "zod",
    () =>
      z.object({
        name: z.string().trim().min(1),
        visits: z.number().default(0),
        tags: z.array(z.string()).default([]),
      }),
  ],
  [
    "valibot",
    () =>
      v.object({
        name: v.pipe(v.string(), v.trim(), v.minLength(1)),
        visits: v.optional(v.number(), 0),
        tags: v.optional(v.array(v.string()), []),
      }),
  ],
  [
    "arktype",
    async () => {
      const { type } = await loadArktype();
      return type({
        name: type("string.trim").to("string > 0"),
        visits: "number = 0",
        tags: type("string[]").default(() => []),
      });
    },
  ],
];

describe.each(schemas)("validate with a schema of %s", (_library, make) => {
  let schema: StandardSchema<UserIn, User>;
  beforeAll(async () => {
    schema = await make();
  });
  let users: ValidatedMap<UserIn, User>;
  let raw: ReturnType<typeof json>;
  beforeEach(() => {
    raw = json(at.strings);
    users = validate(raw, schema);
  });

  it("stores and returns what the schema makes of a value", () => {
    users.set("ann", { name: " Ann " });
    expect(raw.get("ann")).toEqual({ name: "Ann", visits: 0, tags: [] });
    expect(users.get("ann")).toEqual({ name: "Ann", visits: 0, tags: [] });
    expect(users.create("bob", { name: "Bob", visits: 2, tags: ["new"] })).toBe(true);
    expect(users.create("bob", { name: "Rob" })).toBe(false);
    users.setMany([["eve", { name: "Eve " }]]);
    expect([...users.values()].map(({ name }) => name)).toEqual(["Ann", "Bob", "Eve"]);
    expect(users.update("bob", (bob) => ({ ...bob!, name: " Rob" }))).toEqual({
      name: "Rob",
      visits: 2,
      tags: ["new"],
    });
    expect(Object.fromEntries(users.getMany(["bob", "missing"]))).toEqual({
      bob: { name: "Rob", visits: 2, tags: ["new"] },
    });
    expect(users.update("bob", () => undefined)).toBeUndefined();
    expect([...users.keys()]).toEqual(["ann", "eve"]);
  });

  it("refuses a value that does not fit, with its paths, by every method that stores, and nothing is stored", () => {
    raw.set("bob", { name: "Bob", visits: 1, tags: [] });
    const wrong = { name: "Ann", visits: "1", tags: ["a", 5] } as unknown as User;
    const buffer = writeBuffer(users);
    for (const write of [
      () => users.set("ann", wrong),
      () => users.create("ann", wrong),
      () => users.setMany([["eve", { name: "Eve" }], ["ann", wrong]]), // prettier-ignore
      () => users.update("ann", () => wrong),
      () => users.update("bob", () => wrong),
      () => users.subMap("an").set("n", wrong),
      () => (asObject(users)["ann"] = wrong),
      () => batch(users, () => users.set("ann", wrong)),
      () => buffer.set("ann", wrong),
      () => buffer.setMany([["ann", wrong]]),
    ]) {
      const error = thrownBy(write) as TypeError;
      expect(error.constructor).toBe(TypeError);
      expect(error.message).toMatch(
        /^Cannot store "\d+\/(ann|bob)": validate: the value does not match the schema: at \.\S+: .+; at \.\S+: .+\.$/,
      );
      for (const where of ["at .visits: ", "at .tags[1]: "]) expect(error.message).toContain(where);
      const misfits = error.cause as { path: PropertyKey[] }[];
      expect(misfits.map(({ path }) => path.join()).sort()).toEqual(["tags,1", "visits"]);
      expect(error.stack).toContain(__filename);
    }
    buffer.flush();
    expect(Object.fromEntries(raw)).toEqual({ bob: { name: "Bob", visits: 1, tags: [] } });
  });

  it("says of a stored value that does not fit where it does not", () => {
    raw.set("ann", { name: "Ann", visits: "1", tags: [] }).set("bob", { name: "Bob", visits: 1, tags: [] });
    const invalid = {
      code: "Invalid",
      operation: "get",
      bucket: "bucket",
      key: expect.stringMatching(/^\d+\/ann$/) as string,
      message: expect.stringMatching(
        /^Cannot read "\d+\/ann" in bucket "bucket": Invalid: validate: the value does not match the schema: at \.visits: .+\. Read it through the base map of validate\.$/,
      ) as string,
      cause: [{ path: ["visits"], message: expect.any(String) as string }],
    };
    for (const read of [
      () => users.get("ann"),
      () => [...users],
      () => [...users.values()],
      () => users.update("ann", () => ({ name: "Ann" })),
      () => asObject(users)["ann"],
      () => cache(users).get("ann"),
      () => writeBuffer(users).get("ann"),
    ]) {
      const error = thrownBy(read);
      expect(error).toBeInstanceOf(S3BucketMapError);
      expect(error).toMatchObject(invalid);
    }
    const partial = thrownBy(() => users.getMany(["ann", "bob", "missing"])) as PartialFailureError;
    expect(partial).toBeInstanceOf(PartialFailureError);
    expect(partial.succeeded).toEqual(["bob"]);
    expect(partial.failed.get("ann")).toMatchObject(invalid);
    // Whatever does not read values goes on.
    expect([users.has("ann"), users.size, users.head("ann")?.size]).toEqual([true, 2, 37]);
    users.set("ann", { name: "Ann" });
    expect(users.get("ann")).toEqual({ name: "Ann", visits: 0, tags: [] });
  });

  it("gives values that refuse changes, as the base does, and takes them again", () => {
    users.set("ann", { name: "Ann", tags: ["new"] });
    const ann = users.get("ann")!;
    for (const change of [
      () => (ann.name = "x"),
      () => ann.tags.push("x"),
      () => delete (ann as Partial<User>).visits,
    ]) {
      expect(change).toThrow(/a value that was read is a copy, so a change would not reach S3/);
    }
    users.set("bob", ann).set("eve", { ...ann, name: "Eve" });
    raw.set("tom", ann);
    expect(users.get("eve")).toEqual({ name: "Eve", visits: 0, tags: ["new"] });
    expect([users.get("bob"), raw.get("tom")]).toEqual([ann, ann]);
  });

  it("fills in what was stored without it", () => {
    raw.set("ann", { name: "Ann" });
    expect(users.get("ann")).toEqual({ name: "Ann", visits: 0, tags: [] });
    expect(raw.get("ann")).toEqual({ name: "Ann" });
  });
});

describe("validate", () => {
  const Name = z.object({ name: z.string() });

  it("stacks over and under the other layers", () => {
    const Word = z.string().max(5);
    const stacks: [
      string,
      (at: Place) => { set(key: string, value: never): unknown; get(key: string): unknown },
    ][] = [
      ["validate(strings)", ({ strings }) => validate(strings, Word)],
      ["validate(text(gzip(bytes)))", ({ bytes }) => validate(text(gzip(bytes)), Word)],
      ["validate(cache(json))", ({ strings }) => validate(cache(json(strings), { ttl: Infinity }), Word)],
      ["cache(validate(json))", ({ strings }) => cache(validate(json(strings), Word), { ttl: Infinity })],
      ["validate(writeBuffer(json))", ({ strings }) => validate(writeBuffer(json(strings)), Word)],
      ["writeBuffer(validate(json))", ({ strings }) => writeBuffer(validate(json(strings), Word))],
      [
        "transform(validate(strings))",
        ({ strings }) => transform(validate(strings, Word), { encode: String, decode: String }),
      ],
      ["structured", ({ bytes }) => validate(structured(bytes), Word)],
      ["twice", ({ strings }) => validate(validate(json(strings), z.string()), Word)],
    ];
    for (const [name, over] of stacks) {
      const map = over(place());
      map.set("a", "short" as never);
      expect([name, map.get("a"), map.get("b")]).toEqual([name, "short", undefined]);
      expect(() => map.set("a", "much longer" as never)).toThrow(TypeError);
      expect([name, map.get("a")]).toEqual([name, "short"]);
    }
    expect(() => readonly(validate(json(at.strings), Word)).set("a", "b")).toThrow(/read-only/);
  });

  it("does not let a cache or a write buffer over it give a value as it was before the schema changed it", () => {
    const trimmed = validate(at.strings, z.string().trim());
    for (const map of [cache(trimmed, { ttl: Infinity }), writeBuffer(trimmed)]) {
      map.set("a", " 1 ").setMany([["b", " 2 "]]);
      expect([map.get("a"), map.get("b")]).toEqual(["1", "2"]);
      expect(map.update("a", () => " 3 ")).toBe("3");
    }
    const over = transform(trimmed, { encode: (word: string) => `${word} `, decode: (stored) => stored });
    expect(over.update("a", () => "4")).toBe("4");
  });

  it("refuses a schema whose results could not be read again", () => {
    const Length = z.string().transform((word) => word.length);
    const map = validate(json(at.strings), Length);
    expect(() => map.set("a", "word")).toThrow(
      /^Cannot store "\d+\/a": validate: the schema turns the value into one that it does not accept itself: .*expected string.*, so the value could not be read again\. Use transform to convert values\.$/,
    );
    const louder = validate(
      at.strings,
      z.string().transform((word) => `${word}!`),
    );
    expect(() => louder.set("a", "word")).toThrow(/the schema changes its own result again/);
    expect(at.strings.size).toBe(0);
  });

  it("refuses a schema that validates asynchronously, to write and to read", () => {
    at.strings.set("a", '{"name":"Ann"}').set("b", '{"name":"Bob"}');
    for (const schema of [
      Name.refine(() => Promise.resolve(true)),
      v.objectAsync({ name: v.string() }),
      {
        "~standard": { version: 1, vendor: "own", validate: () => Promise.reject(new Error("never seen")) },
      } as const,
    ]) {
      const map = validate(json(at.strings), schema as StandardSchema<{ name: string }>);
      for (const use of [
        () => map.set("a", { name: "x" }),
        () => map.update("a", () => ({ name: "x" })),
        () => map.get("a"),
        () => map.getMany(["a", "b"]),
        () => [...map],
      ]) {
        const error = thrownBy(use) as TypeError;
        expect([error.constructor, error.message]).toEqual([
          TypeError,
          expect.stringMatching(/^validate requires a schema that validates synchronously/),
        ]);
      }
    }
    expect(at.strings.get("a")).toBe('{"name":"Ann"}');
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /requires a Standard Schema, .* not undefined/],
    ["a JSON Schema", { type: "string" }, /requires a Standard Schema, .* not an object/],
    ["a function", () => true, /requires a Standard Schema, .* not a function/],
    [
      "a later version",
      { "~standard": { version: 2, validate: () => ({}) } },
      /version 1 of Standard Schema, not the number 2/,
    ],
  ])("refuses %s as a schema", (_what, schema, message) => {
    const make = (): unknown => validate(at.strings, schema as StandardSchema<string>);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  it("refuses an object as its map or its schema without reading a key of it", () => {
    const object = asObject(new S3BucketMap("bucket", { endpoint: "http://127.0.0.1:1" }));
    expect(() => validate(object as never, Name)).toThrow(/requires a map, not a bucket object/);
    expect(() => validate(json(at.strings), Name).set("a", object as never)).toThrow(
      /Store a copy, \{ \.\.\.object \}/,
    );
    expect(() => validate(at.strings, object as never)).toThrow(/requires a Standard Schema/);
  });

  it("passes on what a schema throws when it is asked to store, and says NotDecodable when it reads", () => {
    const broken: StandardSchema<string> = {
      "~standard": {
        version: 1,
        vendor: "own",
        validate() {
          throw new RangeError("broken schema");
        },
      },
    };
    const map = validate(at.strings, broken);
    expect(() => map.set("a", "1")).toThrow(new RangeError("broken schema"));
    at.strings.set("a", "1");
    expect(thrownBy(() => map.get("a"))).toMatchObject({
      code: "NotDecodable",
      cause: new RangeError("broken schema"),
    });
  });

  it("shows odd paths, a part of many issues, and a part of long messages", () => {
    const issues = [
      { message: "whole" },
      { message: "x".repeat(1000), path: ["a b", { key: 0 }, Symbol("s")] },
      ...Array.from({ length: 10 }, () => ({ message: "more", path: [] })),
    ];
    const map = validate(at.strings, {
      "~standard": { version: 1, vendor: "own", validate: () => ({ issues }) },
    });
    const error = thrownBy(() => map.set("a", "1")) as TypeError;
    expect(error.message).toMatch(
      /schema: whole; at \["a b"\]\[0\]\[Symbol\(s\)\]: x{300}…; more; more; more; and 7 more\.$/,
    );
    expect(error.cause).toHaveLength(12);
  });

  it("does not change or freeze what the program's schema holds", () => {
    const empty = { tags: ["a"], since: new Date(0) };
    const map = validate(
      structured(at.bytes),
      z.object({ tags: z.array(z.string()), since: z.date() }).catch(empty),
    );
    structured(at.bytes).set("a", "wrong");
    const read = map.get("a")!;
    expect(read).toEqual(empty);
    expect(() => read.tags.push("b")).toThrow(TypeError);
    expect(() => read.since.setTime(1)).toThrow(TypeError);
    empty.tags.push("b");
    empty.since.setTime(1);
    expect(read).toEqual({ tags: ["a"], since: new Date(0) });
  });

  it("keeps Map, Set, Date and bytes of structured", () => {
    const Event = z.object({ at: z.date(), seen: z.set(z.string()), by: z.map(z.string(), z.bigint()) });
    const events = validate(structured(at.bytes), Event);
    const event = { at: new Date(5), seen: new Set(["ann"]), by: new Map([["ann", 3n]]) };
    events.set("first", event);
    const read = events.get("first")!;
    expect([read.at.getTime(), [...read.seen], [...read.by]]).toEqual([5, ["ann"], [["ann", 3n]]]);
    expect(() => read.seen.add("bob")).toThrow(/a change would not reach S3/);
    expect(events.set("second", read).get("second")?.at.getTime()).toBe(5);
  });

  it("is shown, and is shared by asObject and asMap", () => {
    const users = validate(json(at.strings), Name);
    expect(inspect(users)).toMatch(/^validate\(json\(S3BucketMap \{ .* \}\)\)$/);
    const object: BucketObject<{ name: string }> = asObject(users);
    object["ann"] = { name: "Ann" };
    expect(asMap(object)).toBe(users);
    // @ts-expect-error -- the schema's type
    expect(() => (object["ann"] = { name: 5 })).toThrow(TypeError);
    // @ts-expect-error -- the schema's type
    expect(() => users.set("ann", {})).toThrow(TypeError);
    const name: string | undefined = users.get("ann")?.name;
    expect(name).toBe("Ann");
  });
});

describe("what validate sends", () => {
  let server: HttpS3;
  beforeAll(async () => {
    server = await startHttpS3();
  });
  afterAll(() => server.close());

  it("is nothing for a value that does not fit, and otherwise what its base sends", () => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const users = validate(
      json(new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix: "users/" })),
      z.object({ name: z.string().trim() }),
    );
    users.create("first", { name: "x" });
    server.reset();
    for (const write of [
      () => users.set("ann", {} as never),
      () => users.create("ann", {} as never),
      () => users.setMany([["ann", { name: "Ann" }], ["bob", {} as never]]), // prettier-ignore
    ]) {
      expect(write).toThrow(TypeError);
    }
    expect(server.counts().total).toBe(0);
    expect(() => users.update("ann", () => ({}) as never)).toThrow(TypeError);
    expect(server.counts()).toMatchObject({ GET: 1, total: 1 });
    server.reset();
    users.set("ann", { name: " Ann " });
    expect(users.get("ann")).toEqual({ name: "Ann" });
    expect(server.counts()).toMatchObject({ GET: 1, PUT: 1, total: 2 });
  });
});
