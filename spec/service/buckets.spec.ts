import { randomBytes } from "node:crypto";
import { asMap, createBucket, deleteBucket, s3Buckets, S3BucketMap } from "../../lib/index.js";
import { cannot } from "../support/service.js";

jest.setTimeout(60_000);

const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

describe.each(["atomics", "deasync"] as const)("buckets of a service, wait: %s", (wait) => {
  const s3 = s3Buckets({ wait });
  let name: string;
  beforeEach(() => {
    name = `s3bucketmap-specs-${randomBytes(6).toString("hex")}`;
  });
  afterEach(() => {
    if (name in s3) {
      asMap(s3[name]!).clear();
      deleteBucket(s3, name);
    }
  });

  it("are made, listed, found and, once empty, deleted", () => {
    expect([name in s3, Object.keys(s3).includes(name)]).toEqual([false, false]);
    for (let turn = 0; turn < 2; turn += 1) expect(createBucket(s3, name)).toBe(s3[name]);
    expect([name in s3, Object.keys(s3).includes(name)]).toEqual([true, true]);
    asMap(s3[name]!).set("key", "1");
    expect(() => deleteBucket(s3, name)).toThrow(withCode("BucketNotEmpty"));
    expect(s3[name]!["key"]).toBe("1");
    asMap(s3[name]!).clear();
    deleteBucket(s3, name);
    expect(name in s3).toBe(false);
    expect(() => deleteBucket(s3, name)).toThrow(withCode("NoSuchBucket"));
  });

  it("make themselves at the first write, and never by a read", () => {
    const map = new S3BucketMap(name, { wait, createBucket: true });
    expect(() => map.get("key")).toThrow(withCode("NoSuchBucket"));
    expect(name in s3).toBe(false);
    if (cannot("conditional-put")) map.set("key", "1");
    else expect(map.update("key", (value) => `${value ?? ""}1`)).toBe("1");
    expect(map.get("key")).toBe("1");
  });
});
