import { asObject, S3BucketMap, S3BucketMapError } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { keysOfShape, shapes } from "./support/key-shapes.js";
import { startListingServer } from "./support/listing-server.js";
import { sized } from "./support/size.js";

// What needs all keys at once lists many of them in parallel: the same keys, in the same order, for not many requests more.

const reach = {
  region: "us-east-1",
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
} satisfies S3BucketOptions;
const most = (keys: number): number => 1.3 * Math.ceil(keys / 1000) + 10;

const many = sized(25_000, 100_000);
// More than 200 pages, which is the most that one call to the worker lists.
const inSlices = sized(210_000, 300_000);

describe.each(shapes)("many keys: %s", (shape) => {
  it.each(["atomics", "deasync"] as const)(
    "are listed whole, in order, within the cost (%s)",
    async (wait) => {
      const server = await startListingServer(many, shape);
      try {
        const map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint, wait });
        const keys = Reflect.ownKeys(asObject(map));
        expect(keys).toEqual(keysOfShape(shape, many));
        const requests = await server.requests();
        expect(requests).toBeLessThanOrEqual(most(many));
        // More than one after the other: it was divided.
        expect(requests).toBeGreaterThan(many / 1000);
        expect(map.size).toBe(many);
        expect((await server.requests()) - requests).toBeLessThanOrEqual(most(many));
      } finally {
        server.end();
      }
    },
    120_000,
  );
});

describe.each(shapes)("little more than 10,000 keys: %s", (shape) => {
  it.each([10_000, 10_001, 11_000, 17_500])(
    "%i keys are listed within the cost",
    async (count) => {
      const server = await startListingServer(count, shape);
      try {
        const map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint });
        expect(Object.keys(asObject(map))).toEqual(keysOfShape(shape, count));
        const requests = await server.requests();
        if (count === 10_000) expect(requests).toBe(10);
        else expect(requests).toBeLessThanOrEqual(most(count));
      } finally {
        server.end();
      }
    },
    60_000,
  );
});

describe("a listing in slices", () => {
  it("goes on from call to call, and gives all keys", async () => {
    const server = await startListingServer(inSlices, "uuid");
    try {
      const map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint, concurrency: 4 });
      expect(Object.keys(asObject(map))).toEqual(keysOfShape("uuid", inSlices));
      expect(await server.requests()).toBeLessThanOrEqual(most(inSlices));
    } finally {
      server.end();
    }
  }, 120_000);
});

describe("services that list otherwise", () => {
  it("one that ignores StartAfter is listed from page to page", async () => {
    const server = await startListingServer(15_000, "uuid", "ignores start-after");
    try {
      const map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint });
      expect(Object.keys(asObject(map))).toEqual(keysOfShape("uuid", 15_000));
      expect(await server.requests()).toBeLessThanOrEqual(most(15_000));
    } finally {
      server.end();
    }
  }, 60_000);

  it("one that gives short pages loses no key", async () => {
    const server = await startListingServer(20_000, "unicode", "short pages");
    try {
      const map = new S3BucketMap("bucket", { ...reach, endpoint: server.endpoint });
      expect(Object.keys(asObject(map))).toEqual(keysOfShape("unicode", 20_000));
    } finally {
      server.end();
    }
  }, 60_000);
});

describe("over HTTP", () => {
  const keys = numberedKeys(12_500);
  let server: HttpS3;
  let map: S3BucketMap;
  beforeAll(async () => {
    server = await startHttpS3();
    await fill(server.directory, "bucket", "part/", keys);
    await fill(server.directory, "bucket", "others/", ["before"]);
    await fill(server.directory, "bucket", "quite/", ["behind"]);
    map = new S3BucketMap("bucket", {
      ...reach,
      endpoint: server.endpoint,
      prefix: "part/",
    });
  }, 120_000);
  afterAll(() => server.close());
  beforeEach(() => server.reset());
  afterEach(() => server.clearFaults());

  it("keys beside the prefix are left out, and made-up keys are well-formed", () => {
    // None is answered before the others that are sent at the same time have come.
    server.fault({ operation: "LIST", after: 10, times: Infinity, action: { delayMs: 100 } });
    expect(Object.keys(asObject(map))).toEqual(keys);
    const asked = server.log();
    expect(asked.length).toBeGreaterThan(13);
    expect(asked.length).toBeLessThanOrEqual(most(12_500));
    expect(asked.every(({ operation }) => operation === "ListObjectsV2")).toBe(true);
    for (const { query } of asked) {
      if (query["start-after"] !== undefined) expect(query["start-after"].isWellFormed()).toBe(true);
    }
    expect(server.maxConcurrent()).toBeGreaterThan(1);
  });

  it("keys() stays lazy, and lists one page after the other", () => {
    const found = [...map.keys()];
    expect(found).toEqual(keys);
    expect(server.counts()).toMatchObject({ LIST: 13, total: 13 });
    expect(server.maxConcurrent()).toBe(1);
  });

  it("with a concurrency of 1, all is listed in order", () => {
    const alone = new S3BucketMap("bucket", {
      ...reach,
      endpoint: server.endpoint,
      prefix: "part/",
      concurrency: 1,
    });
    expect(alone.size).toBe(12_500);
    expect(server.counts()).toMatchObject({ LIST: 13, total: 13 });
  });

  it.each([
    { name: "a slow-down", action: { status: 503, code: "SlowDown" } },
    { name: "a reset in the middle of a page", action: { reset: "mid-body" as const } },
    { name: "a page that breaks off", action: { truncate: 100 } },
  ])("$name is asked for again", ({ action }) => {
    for (const after of [10, 11, 12]) server.fault({ operation: "LIST", after, action });
    expect(Object.keys(asObject(map))).toEqual(keys);
  });

  it("a page that cannot be had fails the listing, and the next one succeeds", () => {
    server.fault({
      operation: "LIST",
      after: 11,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    expect(() => Object.keys(asObject(map))).toThrow(S3BucketMapError);
    server.clearFaults();
    expect(Object.keys(asObject(map))).toEqual(keys);
  });

  it("a subclass's own keys() are those of its facade", () => {
    class Few extends S3BucketMap {
      override *keys(): IterableIterator<string> {
        yield "key 00001";
      }
    }
    const few = new Few("bucket", { ...reach, endpoint: server.endpoint, prefix: "part/" });
    expect(Reflect.ownKeys(asObject(few))).toEqual(["key 00001"]);
    expect(server.counts().total).toBe(0);
  });
});
