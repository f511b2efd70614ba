import { Console } from "node:console";
import { performance } from "node:perf_hooks";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { asObject, S3BucketMap } from "../lib/index.js";
import type { BucketObject, S3BucketOptions } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { thrownBy } from "./support/local-maps.js";
import { sized } from "./support/size.js";

// The design's table of costs: what each use of a bucket sends, counted where it arrives.

type Cost = Partial<Record<"GET" | "HEAD" | "PUT" | "DELETE" | "LIST" | "DELETE_OBJECTS", number>>;
type Bucket = BucketObject<string>;
type Use = (bucket: Bucket, map: S3BucketMap) => unknown;

/** Keys on a page of a listing. At the small size the service has shorter ones. */
const page = sized(100, 1000);
const sizes = {
  "no keys": 0,
  "one key": 1,
  "a page": page,
  "a page and one": page + 1,
  "2.5 pages": 2.5 * page,
};
type Size = keyof typeof sizes;
const waits = ["atomics", "deasync"] as const;
const pages = (size: number): number => Math.max(1, Math.ceil(size / page));

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ pageSize: page });
  for (const size of Object.values(sizes)) {
    for (const part of ["read", ...waits]) {
      await fill(server.directory, "bucket", `${size}/${part}/`, numberedKeys(size));
    }
  }
}, 120_000);
afterAll(() => server.close());
beforeEach(() => {
  server.reset();
  // What was read ahead is dropped after a time outside the library, which on a busy machine can be any. So here none passes.
  const now = performance.now();
  jest.spyOn(performance, "now").mockReturnValue(now);
  jest.spyOn(Date, "now").mockReturnValue(Date.now());
});
afterEach(() => {
  jest.restoreAllMocks();
});

function open(prefix: string, options: S3BucketOptions = {}): { bucket: Bucket; map: S3BucketMap } {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    credentials,
    prefix,
    ...options,
  });
  return { bucket: asObject(map), map };
}

/** What was sent since the last time that it was asked, and nothing of what was not. */
function sent(): Cost {
  const { total, ...kinds } = server.counts();
  server.reset();
  const cost = Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
  expect(Object.values(cost).reduce((sum, count) => sum + count, 0)).toBe(total);
  return cost;
}

/** A cost without the kinds of which there are none. */
function cost(kinds: Cost): Cost {
  return Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
}

const listing: [string, Use][] = [
  ["Object.keys", (bucket) => Object.keys(bucket)],
  ["Object.getOwnPropertyNames", (bucket) => Object.getOwnPropertyNames(bucket)],
  ["Object.getOwnPropertyDescriptors", (bucket) => Object.getOwnPropertyDescriptors(bucket)],
  ["Reflect.ownKeys", (bucket) => Reflect.ownKeys(bucket)],
  ["for…in", (bucket) => loop(bucket, () => true)],
  ["map.size", (_bucket, map) => map.size],
  ["map.keys()", (_bucket, map) => [...map.keys()]],
  ["map.list()", (_bucket, map) => [...map.list()]],
];
const reading: [string, Use][] = [
  ["Object.entries", (bucket) => Object.entries(bucket)],
  ["Object.values", (bucket) => Object.values(bucket)],
  ["{...bucket}", (bucket) => ({ ...bucket })],
  ["Object.assign({}, bucket)", (bucket) => Object.assign({}, bucket)],
  ["a loop that reads", (bucket) => loop(bucket, (key) => bucket[key] === key)],
  ["map.entries()", (_bucket, map) => [...map]],
  ["map.values()", (_bucket, map) => Array.from(map.values())],
  ["map.forEach()", (_bucket, map) => map.forEach(() => {})],
];

const [entries, values, ...others] = reading;
// Every way for few keys, and for many, where each costs its seconds, a few of them.
const readingOf: Record<Size, [string, Use][]> = {
  "no keys": reading,
  "one key": reading,
  "a page": [values!],
  "a page and one": others.slice(0, 1),
  "2.5 pages": [entries!],
};

/** Goes on while the body says so. */
function loop(bucket: Bucket, body: (key: string) => boolean): number {
  let turns = 0;
  for (const key in bucket) {
    turns += 1;
    if (!body(key)) break;
  }
  return turns;
}

async function loopWithAwait(bucket: Bucket, body: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  for (const _key in bucket) {
    turns += 1;
    await body();
  }
  return turns;
}

describe.each(waits)("the requests that are sent, wait: %s,", (wait) => {
  describe.each(Object.entries(sizes) as [Size, number][])("for %s", (name, size) => {
    it.each(listing)("by %s: a LIST a page", (_name, use) => {
      const { bucket, map } = open(`${size}/read/`, { wait });
      use(bucket, map);
      expect(sent()).toEqual({ LIST: pages(size) });
    });

    it.each(readingOf[name])(
      "by %s: a LIST a page and a GET a key",
      (_name, use) => {
        // Few at a time: on a busy machine, a value that waited for more than a second would be read again.
        const { bucket, map } = open(`${size}/read/`, { wait, concurrency: 8 });
        use(bucket, map);
        expect(sent()).toEqual(cost({ LIST: pages(size), GET: size }));
      },
      120_000,
    );

    it("by a loop whose body awaits: a LIST a page", async () => {
      const { bucket } = open(`${size}/read/`, { wait });
      expect(await loopWithAwait(bucket, () => Promise.resolve())).toBe(size);
      expect(await loopWithAwait(bucket, () => new Promise(setImmediate))).toBe(size);
      expect(sent()).toEqual({ LIST: 2 * pages(size) });
    });

    it("by a loop that is left early: a LIST a page", () => {
      const { bucket } = open(`${size}/read/`, { wait });
      expect(loop(bucket, () => false)).toBe(Math.min(size, 1));
      expect(sent()).toEqual({ LIST: pages(size) });
    });

    it("by loops within a loop: a LIST a page for each", () => {
      const { bucket } = open(`${size}/read/`, { wait });
      let left = 3;
      const turns = loop(bucket, () => loop(bucket, () => true) === size && left-- > 1);
      expect(turns).toBe(Math.min(size, 3));
      expect(loop(bucket, () => true)).toBe(size);
      expect(sent()).toEqual({ LIST: (2 + turns) * pages(size) });
    });

    it("by clear: a LIST a page, and a DeleteObjects for each 1000 keys", async () => {
      await fill(server.directory, "bucket", `${size}/clear/`, numberedKeys(size));
      const { map } = open(`${size}/clear/`, { wait });
      map.clear();
      expect(sent()).toEqual(cost({ LIST: pages(size), DELETE_OBJECTS: Math.ceil(size / 1000) }));
      expect(map.size).toBe(0);
    });
  });

  // A request a key, so for one size of more than a page.
  describe.each([
    ["no keys", 0],
    ["one key", 1],
    ["a page and one", page + 1],
  ] as const)("for %s", (_name, size) => {
    it("by JSON.stringify: a GET more than by reading all, of toJSON", () => {
      const text = JSON.stringify(open(`${size}/read/`, { wait, concurrency: 8 }).bucket);
      expect(Object.keys(JSON.parse(text) as object)).toHaveLength(size);
      expect(sent()).toEqual({ LIST: pages(size), GET: size + 1 });
    }, 120_000);

    it("by a loop that writes, then one that deletes: a PUT, a DELETE a key", () => {
      const { bucket, map } = open(`${size}/${wait}/`, { wait });
      let written = 0;
      loop(bucket, (key) => Boolean((bucket[key] = `value ${(written += 1)}`)));
      expect(sent()).toEqual(cost({ LIST: pages(size), PUT: size }));
      // What the body deletes ahead of the loop does not come, and is not asked for.
      const ahead = numberedKeys(size).reverse();
      const turns = loop(bucket, (key) => delete bucket[key] && map.delete(ahead.shift()!));
      expect(turns).toBe(Math.ceil(size / 2));
      expect(sent()).toEqual(cost({ LIST: pages(size), DELETE: 2 * turns }));
      expect(Object.keys(bucket)).toEqual([]);
    }, 120_000);
  });

  // [what, its cost, the use]; "key 00000" is there.
  const single: [string, Cost, Use][] = [
    ["making a map, its facade and its sub-map", {}, (_bucket, map) => asObject(map.subMap("sub"))],
    ["bucket.k", { GET: 1 }, (bucket) => bucket["key 00000"]],
    ["bucket.k of a key that is missing", { GET: 1 }, (bucket) => bucket["missing"]],
    ["map.get", { GET: 1 }, (_bucket, map) => map.get("key 00000")],
    ["bucket.k = v", { PUT: 1 }, (bucket) => (bucket["key 00000"] = "v")],
    ["bucket.k = v of a long one", { PUT: 1 }, (bucket) => (bucket["key 00000"] = "v".repeat(100_000))],
    ["k in bucket", { HEAD: 1 }, (bucket) => "key 00000" in bucket],
    ["k in bucket of a missing key, the first", { HEAD: 1, GET: 1 }, (bucket) => "missing" in bucket],
    ["Object.hasOwn", { HEAD: 1 }, (bucket) => Object.hasOwn(bucket, "key 00000")],
    [
      "Object.hasOwn of a missing key, the first",
      { HEAD: 1, GET: 1 },
      (bucket) => Object.hasOwn(bucket, "missing"),
    ],
    [
      "Object.getOwnPropertyDescriptor",
      { HEAD: 1 },
      (bucket) => Object.getOwnPropertyDescriptor(bucket, "key 00000"),
    ],
    ["structuredClone", {}, (bucket) => thrownBy(() => structuredClone(bucket))],
    ["map.head", { HEAD: 1 }, (_bucket, map) => map.head("key 00000")],
    ["delete bucket.k", { DELETE: 1 }, (bucket) => delete bucket["missing"]],
    ["Object.defineProperty", { PUT: 1 }, (bucket) => define(bucket)],
    ["await bucket", { GET: 1 }, (bucket) => awaited(bucket)],
    ["returning it from an async function", { GET: 1 }, (bucket) => returned(bucket)],
    [
      "util.inspect",
      {},
      (bucket, map) => [inspect(bucket), inspect(bucket, { showProxy: true }), inspect(map)],
    ],
    ["console.log", {}, (bucket) => quiet.log(bucket, "%s %o", [bucket], { bucket })],
    ["String", {}, (bucket) => Reflect.apply(String, null, [bucket])],
    ["Object.prototype.toString", {}, (bucket) => Object.prototype.toString.call(bucket)],
    [
      "a symbol",
      {},
      (bucket) => Symbol.iterator in bucket || Reflect.get(bucket, Symbol.asyncIterator) === 1,
    ],
    [
      "Object.isExtensible",
      {},
      (bucket) => Object.isExtensible(bucket) && Object.getPrototypeOf(bucket) === 1,
    ],
    ["a write to an object that inherits", {}, (bucket) => ((Object.create(bucket) as Bucket)["k"] = "v")],
    ["a wrong key", {}, (bucket) => refused(() => (bucket["k".repeat(2000)] = "v"))],
    ["a wrong value", {}, (bucket) => refused(() => (bucket["k"] = 1 as unknown as string))],
  ];
  it.each(single)("by %s: %j", async (_name, expected, use) => {
    await once(use, wait);
    expect(sent()).toEqual(expected);
  });

  it.each([
    ["the first", 0],
    ["one in the middle", page / 2],
    ["the last", page - 1],
  ])("by object rest without %s key: a HEAD for each key after it", (_name, at) => {
    const { bucket } = open(`${page}/read/`, { wait, concurrency: 8 });
    const { [numberedKeys(page)[at]!]: _, ...rest } = bucket;
    expect(Object.keys(rest)).toHaveLength(page - 1);
    const { GET, ...others } = sent();
    expect(others).toEqual(cost({ LIST: 1, HEAD: page - 1 - at }));
    expect(GET).toBeGreaterThanOrEqual(page);
    expect(GET).toBeLessThanOrEqual(page + 8);
    const { [numberedKeys(page)[at]!]: __, ...ofCopy } = { ...bucket };
    expect(ofCopy).toEqual(rest);
    expect(sent()).toEqual({ LIST: 1, GET: page });
  });

  it.each<[string, (map: S3BucketMap) => Iterable<unknown>]>([
    ["map.entries()", (map) => map.entries()],
    ["map.values()", (map) => map.values()],
    ["the map", (map) => map],
  ])("by a loop over %s that writes to the same bucket: values that were read ahead again", (_name, over) => {
    const { map } = open(`${page}/read/`, { wait, concurrency: 8 });
    const { map: other } = open("", { wait });
    let turns = 0;
    for (const _ of over(map)) if ((turns += 1) % 10 === 0) other.set("other/key", "x");
    expect(turns).toBe(page);
    const { GET, ...others } = sent();
    expect(others).toEqual({ LIST: 1, PUT: page / 10 });
    expect(GET).toBeGreaterThan(page);
    expect(GET).toBeLessThanOrEqual(page + 2 * 8 + page / 8);
  });

  it("by further missing keys, once the bucket is proved: a HEAD each", () => {
    const { bucket } = open("1/read/", { wait, concurrency: (concurrency += 1) });
    expect(["a" in bucket, "b" in bucket, Object.hasOwn(bucket, "c")]).toEqual([false, false, false]);
    expect(sent()).toEqual({ HEAD: 3, GET: 1 });
  });

  it("by clear of keys that XML cannot carry: a DELETE each", () => {
    const { map } = open("not in XML/", { wait });
    for (const key of ["a", "b", "\u0001", "\uffff"]) map.set(key, "");
    server.reset();
    map.clear();
    expect(sent()).toEqual({ LIST: 1, DELETE_OBJECTS: 1, DELETE: 2 });
  });

  it("by a loop while another map writes to the same bucket: no more", () => {
    const { bucket } = open(`${page}/read/`, { wait });
    const { bucket: other } = open("", { wait });
    let left = 10;
    const turns = loop(bucket, (key) => left-- <= 0 || Boolean((other[`other/${key}`] = key)));
    expect(turns).toBe(page);
    expect(sent()).toEqual({ LIST: 1, PUT: 10 });
  });

  it("are the same under Jest's fake timers", async () => {
    jest.useFakeTimers();
    try {
      const { bucket, map } = open(`${page + 1}/read/`, { wait });
      for (const [, use] of listing) {
        use(bucket, map);
        expect(sent()).toEqual({ LIST: 2 });
      }
      expect(await loopWithAwait(bucket, () => Promise.resolve())).toBe(page + 1);
      expect(sent()).toEqual({ LIST: 2 });
      expect(Object.entries(open("1/read/", { wait }).bucket)).toHaveLength(1);
      expect(sent()).toEqual({ LIST: 1, GET: 1 });
      for (const [name, expected, use] of single) {
        await once(use, wait);
        expect([name, sent()]).toEqual([name, expected]);
      }
    } finally {
      jest.useRealTimers();
    }
  }, 60_000);
});

// Maps with the same settings know from one another that the bucket exists; each of these is the first of its own.
let concurrency = 100;

async function once(use: Use, wait: (typeof waits)[number]): Promise<void> {
  const { bucket, map } = open(`${page}/read/`, { wait, concurrency: (concurrency += 1) });
  const result = use(bucket, map);
  // Awaiting a facade costs a request of its own.
  if (result instanceof Promise) await result;
}

async function awaited(bucket: Bucket): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/await-thenable -- what it costs is the question
  await bucket;
}

async function returned(bucket: Bucket): Promise<Bucket> {
  await Promise.resolve();
  return bucket;
}

function define(bucket: Bucket): unknown {
  return Object.defineProperty(bucket, "key 00000", {
    value: "key 00000",
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function refused(use: () => unknown): void {
  expect(use).toThrow(TypeError);
}

const quiet = new Console(new Writable({ write: (_chunk, _encoding, done) => done() }));
