import { S3BucketMap } from "../../lib/index.js";
import { serviceMap } from "../support/service.js";
import { syncMapSuite } from "../support/sync-map-suite.js";

// Ceph's gateway deletes whatever If-Match says.
const refusesConditionalDelete = true;

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  syncMapSuite("S3BucketMap over a service", {
    make: () => serviceMap({ wait }),
    prefixed: true,
    refusesConditionalDelete,
  });
  syncMapSuite("a sub-map over a service", {
    make: () => serviceMap({ wait }).subMap("sub/map"),
    prefixed: true,
    refusesConditionalDelete,
  });
});

describe("S3BucketMap over a service", () => {
  it("lists, counts and clears more keys than one page has", () => {
    const map = serviceMap();
    const keys = Array.from({ length: 1003 }, (_, i) => `key ${String(i).padStart(4, "0")}`);
    for (const key of keys) map.set(key, "");
    expect([...map.keys()]).toEqual(keys);
    expect(map.size).toBe(1003);
    map.clear();
    expect(map.size).toBe(0);
  }, 120_000);

  it("tells a bucket that is missing from a key that is", () => {
    const map = new S3BucketMap("no-such-bucket-of-the-specs");
    const noSuchBucket = expect.objectContaining({
      name: "NoSuchBucketError",
      code: "NoSuchBucket",
      statusCode: 404,
    }) as Error;
    expect(() => map.get("key")).toThrow(noSuchBucket);
    expect(() => map.has("key")).toThrow(noSuchBucket);
    expect(() => map.head("key")).toThrow(noSuchBucket);
    expect(() => map.set("key", "value")).toThrow(noSuchBucket);
    expect(() => map.delete("key")).toThrow(noSuchBucket);
    expect(() => map.size).toThrow(noSuchBucket);
  });

  it("says that wrong credentials are denied, on a HEAD too", () => {
    const map = serviceMap({ credentials: { accessKeyId: "nobody", secretAccessKey: "the wrong secret" } });
    const denied = expect.objectContaining({
      name: "AccessDeniedError",
      code: "InvalidAccessKeyId",
      statusCode: 403,
    }) as Error;
    for (const use of [
      () => map.get("key"),
      () => map.has("key"),
      () => map.set("key", ""),
      () => map.size,
    ]) {
      expect(use).toThrow(denied);
    }
  });

  it("keeps bytes", () => {
    const map = serviceMap({ readAs: "bytes" });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (const value of [bytes, Buffer.alloc(0), Buffer.alloc(3_000_000, bytes)]) {
      map.set("key", value);
      expect(map.get("key")!.equals(value)).toBe(true);
    }
    map.clear();
  });
});
