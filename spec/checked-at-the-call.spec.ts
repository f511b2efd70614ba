import { asObject, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions, SyncMap } from "../lib/index.js";
import {
  cache,
  encrypt,
  expire,
  gzip,
  json,
  live,
  readonly,
  structured,
  text,
  transform,
  validate,
  writeBuffer,
} from "../lib/layers/index.js";
import { anyString, layerNames } from "./support/layer-stacks.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// A mistake is told where it is made: at the call, not at the first key, and not after the last of endless entries.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

type AnyMap = SyncMap<unknown>;

/** Those of one layer have its name. */
const makers: [string, (options: S3BucketOptions) => AnyMap][] = [
  ["S3BucketMap", (options) => strings(options)],
  ["a sub-map", (options) => strings(options).subMap("sub/")],
  ["json", (options) => json(strings(options))],
  ["structured", (options) => structured(bytes(options))],
  ["text", (options) => text(bytes(options))],
  ["gzip", (options) => gzip(bytes(options))],
  ["encrypt", (options) => encrypt(bytes(options), new Uint8Array(32))],
  ["readonly", (options) => readonly(strings(options))],
  [
    "transform",
    (options) =>
      transform(strings(options), {
        encode: (value: string) => value,
        decode: (value) => value,
      }),
  ],
  ["cache", (options) => cache(strings(options))],
  ["validate", (options) => validate(strings(options), anyString)],
  ["expire", (options) => expire(strings(options), 60_000)],
  ["live", (options) => live(json(strings(options)))],
  ["cache with a ttl", (options) => cache(strings(options), { ttl: 60_000 })],
  ["writeBuffer", (options) => writeBuffer(strings(options))],
  [
    "json over cache over gzip over writeBuffer",
    (options) => json(text(cache(gzip(writeBuffer(bytes(options)))))),
  ],
];

function strings(options: S3BucketOptions): S3BucketMap {
  return new S3BucketMap("bucket", { ...options, readAs: "string" });
}

function bytes(options: S3BucketOptions): S3BucketMap<"bytes"> {
  return new S3BucketMap("bucket", { ...options, readAs: "bytes" });
}

/** An iterable without an end, whose first elements are these. */
class Endless<T> implements Iterable<T> {
  asked = 0;
  ended = false;
  constructor(
    private readonly first: readonly unknown[],
    private readonly then: (at: number) => unknown,
  ) {}

  *[Symbol.iterator](): Generator<T, void, undefined> {
    try {
      for (; ; this.asked += 1) {
        if (this.asked > 1000) throw new Error("It is asked for more and more.");
        yield (this.asked < this.first.length ? this.first[this.asked] : this.then(this.asked)) as T;
      }
    } finally {
      this.ended = true;
    }
  }
}

/** The names of the methods that look like this. */
type MethodsLike<Shape> = {
  [Name in keyof AnyMap]: AnyMap[Name] extends Shape ? Name : never;
}[keyof AnyMap];

/** The types demand each method that gives an iterator, and each that takes an iterable. */
const listings = namesOf<Exclude<MethodsLike<() => IterableIterator<unknown>>, symbol>>({
  keys: true,
  values: true,
  entries: true,
  list: true,
});
const bulk = namesOf<Exclude<MethodsLike<(many: Iterable<never>) => unknown>, MethodsLike<() => unknown>>>({
  setMany: true,
  getMany: true,
  deleteMany: true,
});
const wrongOptions: [string, object][] = [
  ["an unknown option", { prefx: "a" }],
  ["a prefix that is no string", { prefix: 5 }],
  ["a startAfter with a lone surrogate", { startAfter: "\ud800" }],
  ["a limit below zero", { limit: -1 }],
  ["a limit that is no whole number", { limit: 1.5 }],
];

function namesOf<Name extends string>(names: Record<Name, true>): Name[] {
  return Object.keys(names) as Name[];
}

it("every layer is here", () => {
  expect(makers.map(([name]) => name)).toEqual(expect.arrayContaining([...layerNames]));
});

describe.each(makers)("%s", (name, make) => {
  const options = (): S3BucketOptions => ({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });

  describe.each(listings)("%s()", (method) => {
    it.each(wrongOptions)("refuses %s at the call", (_what, wrong) => {
      const map = make(options());
      expect(() => map[method](wrong)).toThrow(TypeError);
      expect(server.counts().total).toBe(0);
    });

    it("refuses a closed map at the call", () => {
      const map = make(options());
      map.close();
      expect(() => map[method]()).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
      expect(server.counts().total).toBe(0);
    });

    it("sends nothing before the first entry is asked for", () => {
      const map = make(options());
      const iterator = map[method]();
      expect(server.counts().total).toBe(0);
      map.list(); // Another one that is never asked.
      expect([...iterator]).toEqual([]);
      expect(server.counts().LIST).toBe(1);
    });
  });

  it("[Symbol.iterator]() refuses a closed map at the call", () => {
    const map = make(options());
    map.close();
    expect(() => map[Symbol.iterator]()).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
  });

  if (name === "readonly") return;
  const good = (at: number): unknown => [`key ${at}`, "value"];

  it.each<[string, unknown[], object | undefined]>([
    ["an entry that is none", [5], undefined],
    ["an entry that is a string", [good(0), "ab"], undefined],
    ["a key that is no string", [good(0), [5, "value"]], undefined],
    ["a key with a lone surrogate", [good(0), ["\ud800", "value"]], undefined],
    ["a key that is too long", [good(0), ["k".repeat(1025), "value"]], undefined],
    ["a value that cannot be stored", [good(0), ["key", Symbol()]], undefined],
    ["an option that there is not", [], { contentTyp: "text/plain" }],
  ])("setMany() refuses %s before it asks for more", (_what, first, wrong) => {
    const map = make(options());
    const entries = new Endless<[string, unknown]>(first, good);
    expect(() => map.setMany(entries, wrong)).toThrow(TypeError);
    expect(entries.asked).toBeLessThanOrEqual(first.length);
    if (entries.asked > 0) expect(entries.ended).toBe(true);
    expect(server.counts().total).toBe(0);
    expect(map.size).toBe(0);
  });

  it.each(bulk.filter((method) => method !== "setMany"))(
    "%s() refuses a wrong key before it asks for more",
    (method) => {
      const map = make(options());
      for (const wrong of [5, undefined, Symbol(), "\ud800", "k".repeat(1025)]) {
        const keys = new Endless<string>(["good", wrong], (at) => `key ${at}`);
        expect(() => map[method](keys)).toThrow(TypeError);
        expect(keys.asked).toBe(1);
        expect(keys.ended).toBe(true);
      }
      expect(server.counts().total).toBe(0);
    },
  );

  it("setMany(), getMany() and deleteMany() refuse a closed map before they ask for anything more", () => {
    const map = make(options());
    map.close();
    const closed = expect.objectContaining({ code: "Closed" }) as Error;
    const entries = new Endless<[string, unknown]>([], good);
    expect(() => map.setMany(entries)).toThrow(closed);
    expect(entries.asked).toBeLessThanOrEqual(1);
    for (const method of ["getMany", "deleteMany"] as const) {
      const keys = new Endless<string>([], (at) => `key ${at}`);
      expect(() => map[method](keys)).toThrow(closed);
      expect(keys.asked).toBeLessThanOrEqual(1);
    }
    expect(server.counts().total).toBe(0);
  });
});

it("a value that a transform makes wrong is refused before the next is asked for", () => {
  const map = transform(new S3BucketMap("bucket", { endpoint: server.endpoint }), {
    encode: () => 5 as unknown as string,
    decode: (value) => value,
  });
  const entries = new Endless<[string, string]>([], (at) => [`key ${at}`, "value"]);
  expect(() => map.setMany(entries)).toThrow(TypeError);
  expect(entries.asked).toBe(0);
});

it("a facade's loop over a closed map throws at once", () => {
  const map = new S3BucketMap("bucket", { endpoint: server.endpoint });
  const object = asObject(map);
  map.close();
  expect(() => Object.keys(object)).toThrow(expect.objectContaining({ code: "Closed" }) as Error);
});
