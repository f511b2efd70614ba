import { batch, S3BucketMap } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { cache, json, text, writeBuffer } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let places = 0;
const ttl = 3_600_000;

describe.each(["atomics", "deasync"] as const)("a cache in a batch that fails, wait: %s", (wait) => {
  let base: S3BucketMap;
  let bytes: S3BucketMap<"bytes">;
  beforeEach(() => {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    const options = { endpoint: server.endpoint, credentials, prefix: `${places++}/`, wait };
    base = new S3BucketMap("bucket", options);
    bytes = new S3BucketMap("bucket", { ...options, readAs: "bytes" });
    base.set("key", "before");
  });

  const stacks: [string, () => [over: object, map: SyncMap<string>]][] = [
    ["on its base", () => [base, cache(base, { ttl })]],
    ["on a map that its base is a part of", () => [base, cache(base.subMap(""), { ttl })]],
    [
      "on itself",
      () => {
        const map = cache(base, { ttl });
        return [map, map];
      },
    ],
    [
      "on a layer above it",
      () => {
        const map = json<string>(cache(base, { ttl }));
        return [map, map];
      },
    ],
    [
      "on a layer beneath it",
      () => {
        const under = text(bytes);
        return [under, cache(under, { ttl })];
      },
    ],
    ["on another cache", () => [cache(base, { ttl }), cache(base, { ttl })]],
    [
      "on a write buffer above it",
      () => {
        const map = writeBuffer(cache(base, { ttl }));
        return [map, map];
      },
    ],
  ];

  it.each(stacks)("%s, gives what is stored", (_where, make) => {
    const [over, map] = make();
    if (_where.includes("layer above")) map.set("key", "before");
    const stored = map.get("key");
    server.fault({ operation: "PUT", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(() =>
      batch(over, () => {
        map.set("key", "after");
        map.set("new", "after");
        map.setMany([["many", "after"]]);
      }),
    ).toThrow();
    expect(() => batch(over, () => batch(base, () => map.set("key", "after")))).toThrow();
    server.clearFaults();
    expect([map.get("key"), map.get("new"), map.get("many"), map.has("new")]).toEqual([
      stored,
      undefined,
      undefined,
      false,
    ]);
    expect(base.get("key")).toContain(stored);
  });

  it("knows again what it wrote when the batch is over", () => {
    const map = cache(base, { ttl });
    batch(base, () => map.set("key", "1"));
    expect(map.get("key")).toBe("1");
    server.reset();
    expect(map.set("key", "2").get("key")).toBe("2");
    expect(server.counts()).toMatchObject({ PUT: 1, total: 1 });
  });
});
