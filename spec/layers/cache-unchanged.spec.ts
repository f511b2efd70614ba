import { S3BucketMap } from "../../lib/index.js";
import { cache, encrypt, expire, gzip, text } from "../../lib/layers/index.js";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { thrownBy } from "../support/local-maps.js";

// What an answer of 304 is worth, where a proxy or another service than AWS gives it.

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const statuses = (): number[] => server.log().map(({ status }) => status);

function base(wait: "atomics" | "deasync"): S3BucketMap {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return new S3BucketMap("bucket", { endpoint: server.endpoint, region: "us-east-1", credentials, wait });
}

describe.each(["atomics", "deasync"] as const)("cache, answered 304, with wait %s", (wait) => {
  /** A cache that has read "old", under which there is "new" by now. */
  function outdated(): { map: ReturnType<typeof cache<string>>; old: string } {
    const stored = base(wait);
    const map = cache(stored);
    stored.set("key", "old");
    map.get("key");
    const old = stored.head("key")!.etag;
    stored.set("key", "new");
    server.reset();
    return { map, old };
  }

  it.each(['"another"', 'W/"another"', "another"])(
    "reads again without a condition where the ETag is %s",
    (etag) => {
      const { map } = outdated();
      server.fault({ operation: "GET", action: { status: 304, headers: { etag } } });
      expect(map.get("key")).toBe("new");
      expect(statuses()).toEqual([304, 200]);
      // What was read then is what is asked for from now on.
      expect(map.get("key")).toBe("new");
      expect(statuses()).toEqual([304, 200, 304]);
    },
  );

  it("gives what it has where the ETag is the one that it asked for, weak or not, or none is told", () => {
    const { map, old } = outdated();
    for (const headers of [{ etag: old }, { etag: `W/${old}` }, {}]) {
      server.fault({ operation: "GET", action: { status: 304, headers } });
      expect(map.get("key")).toBe("old");
    }
    expect(statuses()).toEqual([304, 304, 304]);
  });

  it("gives undefined where the key is gone by the second GET", () => {
    const { map } = outdated();
    base(wait).delete("key");
    server.fault({ operation: "GET", action: { status: 304, headers: { etag: '"another"' } } });
    expect(map.get("key")).toBeUndefined();
  });

  it("throws where that is said without having been asked", () => {
    const { map } = outdated();
    server.fault({ operation: "GET", times: 2, action: { status: 304, headers: { etag: '"another"' } } });
    expect(thrownBy(() => map.get("key"))).toMatchObject({ code: "HTTP304", statusCode: 304 });
    expect(map.get("key")).toBe("new");
    server.fault({ operation: "GET", action: { status: 304 } });
    expect(thrownBy(() => base(wait).get("key"))).toMatchObject({ code: "HTTP304", statusCode: 304 });
    server.fault({ operation: "GET", times: 1, action: { status: 304 } });
    expect(thrownBy(() => base(wait).update("key", () => "x"))).toMatchObject({ statusCode: 304 });
  });

  it("takes the value of an answer of 200, whatever its ETag is", () => {
    const { map, old } = outdated();
    server.fault({ operation: "GET", action: { status: 200, headers: { etag: old }, body: "newest" } });
    expect(map.get("key")).toBe("newest");
  });
});

describe("a hit of a cache in a stack, as docs/layers.md says,", () => {
  const key = Buffer.alloc(32);
  type Bytes = S3BucketMap<"bytes">;
  type Stack = { set(key: string, value: never): unknown; get(key: string): unknown };
  it.each<[string, number, (bytes: Bytes) => Stack]>([
    ["cache", 304, (bytes) => cache(bytes)],
    ["cache(gzip)", 200, (bytes) => cache(gzip(bytes))],
    ["gzip(cache)", 200, (bytes) => gzip(cache(bytes))],
    ["cache(text(gzip))", 200, (bytes) => cache(text(gzip(bytes)))],
    ["cache(encrypt(gzip))", 200, (bytes) => cache(encrypt(gzip(bytes), key))],
    ["cache(gzip(encrypt))", 304, (bytes) => cache(gzip(encrypt(bytes, key)))],
    ["gzip(encrypt(cache))", 304, (bytes) => gzip(encrypt(cache(bytes), key))],
    ["cache(expire)", 200, (bytes) => cache(expire(bytes, 100_000))],
    ["expire(cache)", 200, (bytes) => expire(cache(bytes), 100_000)],
  ])("%s is answered with %i", (name, status, stack) => {
    const map = stack(base("atomics").subMap(`${name}/`).as("bytes"));
    map.set("key", (name.includes("text") ? "value" : Buffer.from("value")) as never);
    map.get("key");
    server.reset();
    map.get("key");
    expect(statuses()).toEqual([status]);
  });
});
