import { S3BucketMap } from "../../lib/index.js";
import { inUtf8Order, oddKeys } from "../support/map-under-test.js";
import { cannot, cannotList, overService, serviceMap } from "../support/service.js";
import { syncMapSuite } from "../support/sync-map-suite.js";

jest.setTimeout(60_000);

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  syncMapSuite("S3BucketMap over a service", {
    make: () => serviceMap({ wait }),
    ...overService,
  });
  syncMapSuite("a sub-map over a service", {
    make: () => serviceMap({ wait }).subMap("sub/map"),
    ...overService,
  });
});

describe("S3BucketMap over a service", () => {
  it("lists, counts and clears more keys than one page has", () => {
    const map = serviceMap();
    const odd = Array.from({ length: 1100 }, (_, i) => `${oddKeys[i % oddKeys.length]} ${i}`);
    const keys = inUtf8Order(cannotList(odd) ? odd.map((_, i) => String(i).padStart(4, "0")) : odd);
    map.setMany(keys.map((key) => [key, ""] as const));
    expect([...map.keys()]).toEqual(keys);
    expect(map.size).toBe(1100);
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
    const uses = [() => map.get("key"), () => map.has("key"), () => map.set("key", ""), () => map.size];
    if (cannot("authentication")) {
      for (const use of uses) expect(use).not.toThrow();
      map.delete("key");
      return;
    }
    const denied = expect.objectContaining({
      name: "AccessDeniedError",
      code: cannot("unknown-key-code") ? "SignatureDoesNotMatch" : "InvalidAccessKeyId",
      statusCode: 403,
    }) as Error;
    for (const use of uses) expect(use).toThrow(denied);
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
