import { asObject, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startOddService } from "./support/odd-service.js";
import type { Oddity, OddBucket, OddService } from "./support/odd-service.js";

// Whatever a service makes of listings: all keys, or BadListing. Never some of them, never no end.

jest.setTimeout(60_000);

const reach = {
  region: "us-east-1",
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
} satisfies S3BucketOptions;

let service: OddService;
let bucket: OddBucket;
beforeAll(async () => {
  service = await startOddService();
});
afterAll(() => service.end());

async function mapOver(
  keys: readonly string[],
  oddity: Oddity,
  more: { pageSize?: number; from?: number; prefix?: string; wait?: "atomics" | "deasync" } = {},
): Promise<S3BucketMap> {
  const { prefix, wait = "atomics", ...paging } = more;
  bucket = await service.bucket({ keys, oddity, ...paging });
  const options = { ...reach, wait, endpoint: bucket.endpoint };
  return new S3BucketMap(bucket.name, prefix === undefined ? options : { ...options, prefix });
}

const badListing = expect.objectContaining({ code: "BadListing" }) as Error;

type Use = (map: S3BucketMap) => unknown;
const forIn: Use = (map) => {
  const seen: string[] = [];
  for (const key in asObject(map)) seen.push(key);
  return seen;
};

/** What lists without reading, and what it gives for so many keys. */
const lists: [string, Use, (keys: string[]) => unknown][] = [
  ["keys()", (map) => [...map.keys()], (keys) => keys],
  ["list()", (map) => Array.from(map.list(), ({ key }) => key), (keys) => keys],
  ["size", (map) => map.size, (keys) => keys.length],
  ["Object.keys", (map) => Object.keys(asObject(map)), (keys) => keys],
  ["for…in", forIn, (keys) => keys],
];
const reads: [string, Use, (keys: string[]) => unknown][] = [
  ["values()", (map) => [...map.values()], (keys) => keys.map(() => "v")],
  ["entries()", (map) => [...map.entries()].map(([key]) => key), (keys) => keys],
  ["spread", (map) => Object.keys({ ...asObject(map) }), (keys) => keys],
  ["Object.entries", (map) => Object.entries(asObject(map)), (keys) => keys.map((key) => [key, "v"])],
  [
    "list({ delimiter })",
    (map) => Array.from(map.list({ delimiter: "/" }), ({ key }) => key),
    (keys) => keys,
  ],
];

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `key ${String(at).padStart(6, "0")}`);
/** In S3's order; by UTF-16, the last ones come before the ones before them. */
const beyondBmp = (letters: number, each: number): string[] => [
  ...numbered(letters),
  ...Array.from({ length: each }, (_, at) => `\uf000 ${String(at).padStart(6, "0")}`),
  ...Array.from({ length: each }, (_, at) => `😀 ${String(at).padStart(6, "0")}`),
];
const mixedCase = (count: number): string[] => [
  ...Array.from({ length: count }, (_, at) => `A ${String(at).padStart(6, "0")}`),
  ...Array.from({ length: count }, (_, at) => `B ${String(at).padStart(6, "0")}`),
  ...Array.from({ length: count }, (_, at) => `a ${String(at).padStart(6, "0")}`),
];

const neverEnding: Oddity[] = [
  "ignores the token",
  "gives pages without keys",
  "gives pages without keys, and the same token",
  "gives the same token",
  "gives the same page",
  "goes back",
  "leaves keys out, and gives them later",
];
const harmless: Oddity[] = [
  "none",
  "does not encode",
  "gives a page without keys once",
  "gives no token",
  "gives the last key again",
];

describe.each(["atomics", "deasync"] as const)("few keys on many pages, wait: %s", (wait) => {
  const keys = numbered(23);
  const paging = { pageSize: 5, wait };

  describe.each(wait === "atomics" ? [...lists, ...reads] : [lists[0]!, lists[3]!, reads[1]!])(
    "%s",
    (_name, use, given) => {
      it.each(neverEnding)("ends with BadListing where a service %s", async (oddity) => {
        for (const from of [0, 2]) {
          const map = await mapOver(keys, oddity, { ...paging, from });
          expect(() => use(map)).toThrow(badListing);
        }
      });

      it.each(harmless)("gives all keys where a service is odd in that it: %s", async (oddity) => {
        const map = await mapOver(keys, oddity, { ...paging, from: 1 });
        expect(use(map)).toEqual(given(keys));
      });

      it("ends with BadListing where a service orders by UTF-16, and the break is between two pages", async () => {
        const all = beyondBmp(5, 5);
        const map = await mapOver(all, "orders by UTF-16", paging);
        expect(() => use(map)).toThrow(badListing);
      });

      it("ends with BadListing where a service orders whatever the case, and the break is between two pages", async () => {
        const map = await mapOver(mixedCase(5), "orders whatever the case", paging);
        expect(() => use(map)).toThrow(badListing);
      });

      it("ends with BadListing where a service lists what does not begin with the prefix", async () => {
        const map = await mapOver(["other", ...keys], "ignores the prefix", { ...paging, prefix: "key " });
        expect(() => use(map)).toThrow(badListing);
      });
    },
  );

  it.each([...neverEnding, "orders by UTF-16", "orders whatever the case", "ignores the prefix"] as Oddity[])(
    "clear() ends with BadListing, and deletes nothing, where a service %s",
    async (oddity) => {
      const all = [...beyondBmp(5, 5), ...mixedCase(5)];
      const prefix = oddity === "ignores the prefix" ? { prefix: "key " } : {};
      const map = await mapOver(all, oddity, { ...paging, from: 1, ...prefix });
      expect(() => map.clear()).toThrow(badListing);
      expect((await bucket.keys()).length).toBe(all.length);
      expect(new Set(await bucket.log())).toEqual(new Set(["LIST"]));
    },
  );

  it.each(harmless)("clear() deletes all where a service is odd in that it: %s", async (oddity) => {
    const map = await mapOver(keys, oddity, { ...paging, from: 1 });
    map.clear();
    expect(await bucket.keys()).toEqual([]);
  });

  it("list({ delimiter }) gives all keys and folders, though a folder is given again on the next page", async () => {
    const all = ["a", "b/1", "b/2", "c", "d/1", "e/1", "f"];
    for (const oddity of [
      "gives the last key again",
      "gives no token",
      "gives a page without keys once",
    ] as const) {
      for (let pageSize = 2; pageSize < 5; pageSize += 1) {
        const map = await mapOver(all, oddity, { pageSize, wait });
        const entries = Array.from(map.list({ delimiter: "/" }), ({ key, prefix }) => key ?? prefix);
        expect(entries).toEqual(["a", "b/", "c", "d/", "e/", "f"]);
      }
    }
  });

  it("list({ delimiter }) ends with BadListing where folders come out of order across pages", async () => {
    const all = ["\uf000/1", "\uf001/1", "😀/1", "😁/1"];
    const map = await mapOver(all, "orders by UTF-16", { pageSize: 2, wait });
    expect(() => [...map.list({ delimiter: "/" })]).toThrow(badListing);
  });

  it("list({ delimiter }) ends with BadListing where a service ignores the delimiter", async () => {
    const map = await mapOver(["a", "b/1", "b/2"], "ignores the delimiter", { wait });
    expect(() => [...map.list({ delimiter: "/" })]).toThrow(badListing);
  });

  it("startAfter leaves out what comes before, on however many pages a service gives it all the same", async () => {
    const map = await mapOver(keys, "ignores where to start", paging);
    const startAfter = keys[12]!;
    expect([...map.keys({ startAfter })]).toEqual(keys.slice(13));
    expect([...map.keys({ startAfter, limit: 3 })]).toEqual(keys.slice(13, 16));
    expect(Array.from(map.list({ startAfter, limit: 3 }), ({ key }) => key)).toEqual(keys.slice(13, 16));
    expect([...map.entries({ startAfter })].map(([key]) => key)).toEqual(keys.slice(13));
  });

  it("limit is the most that is given, whatever a service gives", async () => {
    const map = await mapOver(keys, "gives more than it is asked for", { wait });
    for (const limit of [0, 1, 4, 22, 23, 24]) {
      expect([...map.keys({ limit })]).toEqual(keys.slice(0, limit));
      expect([...map.values({ limit })]).toHaveLength(Math.min(limit, 23));
      expect([...map.entries({ limit })]).toHaveLength(Math.min(limit, 23));
      expect(Array.from(map.list({ limit }), ({ key }) => key)).toEqual(keys.slice(0, limit));
      expect([...map.list({ limit, delimiter: "/" })]).toHaveLength(Math.min(limit, 23));
    }
  });
});

describe("more than 10,000 keys, of which the last are listed in parallel", () => {
  const keys = numbered(15_000);

  describe.each(lists.filter(([name]) => ["keys()", "size", "Object.keys"].includes(name)))(
    "%s",
    (_name, use, given) => {
      it.each(neverEnding)("ends with BadListing where a service %s", async (oddity) => {
        const map = await mapOver(keys, oddity, { from: 10 });
        expect(() => use(map)).toThrow(badListing);
      });

      it.each(harmless)("gives all keys where a service is odd in that it: %s", async (oddity) => {
        for (const from of [9, 11]) {
          const map = await mapOver(keys, oddity, { from });
          expect(use(map)).toEqual(given(keys));
        }
      });

      it.each([
        [11_000, 4000],
        [9000, 9000],
        [10_500, 12_000],
        [3000, 10_000],
      ])(
        "ends with BadListing where a service orders by UTF-16: %i and twice %i keys",
        async (letters, each) => {
          const map = await mapOver(beyondBmp(letters, each), "orders by UTF-16");
          expect(() => use(map)).toThrow(badListing);
        },
      );

      it("ends with BadListing where a service orders whatever the case", async () => {
        const map = await mapOver(mixedCase(8000), "orders whatever the case");
        expect(() => use(map)).toThrow(badListing);
      });
    },
  );

  it.each(neverEnding)(
    "clear() ends with BadListing, and deletes nothing, where a service %s",
    async (oddity) => {
      const map = await mapOver(keys, oddity, { from: 11 });
      expect(() => map.clear()).toThrow(badListing);
      expect((await bucket.keys()).length).toBe(keys.length);
    },
  );
});
