import { S3Client } from "@aws-sdk/client-s3";
import { S3BucketMap } from "../lib/index.js";
import { LocalS3Handler } from "../lib/local/handler.js";
import type { RawRequest } from "../lib/local/request.js";
import { removeIf, storeIf } from "../lib/worker/s3/conditional/conditional.js";
import { noEnvironment } from "../lib/arguments/environment.js";
import { Client } from "../lib/worker/s3/client.js";
import type { Target } from "../lib/worker/s3/target.js";
import { Surroundings } from "../lib/worker/s3/surroundings.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, HttpS3Options, LoggedRequest } from "./support/http-s3.js";
import { removeDirectories, temporaryDirectory } from "./local/client.js";

// Not every service that speaks S3 keeps to its conditions. What ignores them must not seem to keep to them.

jest.setTimeout(30_000);

let server: HttpS3 | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(removeDirectories);

let maps = 0;
async function open(conditions?: HttpS3Options["conditions"]): Promise<{ map: S3BucketMap; http: HttpS3 }> {
  const http = await startHttpS3(conditions === undefined ? {} : { conditions });
  server = http;
  maps += 1;
  const credentials = { accessKeyId: `key${maps}`, secretAccessKey: "secret" };
  const map = new S3BucketMap("bucket", {
    endpoint: http.endpoint,
    region: "us-east-1",
    credentials,
    prefix: "p/",
  });
  map.set("here", "stored");
  http.reset();
  return { map, http };
}

const isTrial = ({ key }: LoggedRequest): boolean => key.startsWith("p/.s3bucketmap-check-");
const unsupported = (says: string): Error =>
  expect.objectContaining({
    name: "S3BucketMapError",
    code: "ConditionsUnsupported",
    message: expect.stringContaining(says) as string,
  }) as Error;

/** What was sent, as "PUT 412"; a trial's in brackets. */
function told(http: HttpS3): string[] {
  const lines = http
    .log()
    .map((entry) =>
      isTrial(entry) ? `[${entry.method} ${entry.status}]` : `${entry.method} ${entry.status}`,
    );
  http.reset();
  return lines;
}

describe("the key of a trial", () => {
  it.each([900, 990, 1010, 1016])("is under a prefix of %i bytes", async (length) => {
    const { map, http } = await open();
    const prefix = "é".repeat((length - 2) / 2);
    expect(map.subMap(prefix).create("key", "1")).toBe(true);
    const keys = http.log().map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.filter((key) => !key.startsWith(`p/${prefix}`) || Buffer.byteLength(key) > 1024)).toEqual([]);
  });

  it("has no room under a longer one: a refusal, which says nothing of other prefixes", async () => {
    const { map, http } = await open();
    const long = map.subMap("x".repeat(1018));
    expect(() => long.create("key", "1")).toThrow(unsupported("the prefix leaves no room"));
    expect(told(http)).toEqual([]);
    expect(map.create("key", "1")).toBe(true);
    expect(long.create("key", "1")).toBe(true);
  });
});

describe("a service that keeps to conditions", () => {
  it("is tried once before the first conditional PUT, and once before the first such DELETE", async () => {
    const { map, http } = await open();
    expect(map.create("fresh", "1")).toBe(true);
    expect(told(http)).toEqual([
      "[PUT 200]",
      "[PUT 412]",
      "[PUT 412]",
      "[PUT 200]",
      "[DELETE 204]",
      "[HEAD 404]",
      "PUT 200",
    ]);
    map.update("fresh", () => "2");
    map.set("fresh", "3", { ifMatch: map.head("fresh")!.etag });
    expect(map.subMap("sub/").create("fresh", "4")).toBe(true);
    expect(told(http)).toEqual(["GET 200", "PUT 200", "HEAD 200", "PUT 200", "PUT 200"]);
    map.update("fresh", () => undefined);
    expect(told(http)).toEqual([
      "GET 200",
      "[PUT 200]",
      "[DELETE 412]",
      "[DELETE 204]",
      "[HEAD 404]",
      "DELETE 204",
    ]);
    map.update("here", () => undefined);
    expect(told(http)).toEqual(["GET 200", "DELETE 204"]);
    expect([...map.keys()]).toEqual(["sub/fresh"]);
  });

  it("is not tried for an update that writes nothing, nor for other writes", async () => {
    const { map, http } = await open();
    map.update("missing", () => undefined);
    map.set("k", "v").delete("k");
    expect(http.log().some(isTrial)).toBe(false);
  });

  it("is tried again the next time where the trial did not come to its end, and no write goes out", async () => {
    const { map, http } = await open();
    http.fault({ operation: "PUT", after: 1, action: { status: 403, code: "AccessDenied" } });
    expect(() => map.create("fresh", "1")).toThrow(
      expect.objectContaining({ code: "AccessDenied", operation: "create" }) as Error,
    );
    expect(told(http)).toEqual(["[PUT 200]", "[PUT 403]", "[DELETE 204]", "[HEAD 404]"]);
    expect(map.create("fresh", "1")).toBe(true);
    expect([...map.keys()]).toEqual(["fresh", "here"]);
  });

  it("finds room for the trial's key under a long prefix", async () => {
    const { map } = await open();
    const deep = map.subMap("😀".repeat(253));
    expect(deep.create("", "value")).toBe(true);
    expect([...map.keys()]).toEqual(["here", "😀".repeat(253)]);
  });
});

describe("a service that ignores conditions", () => {
  it("is refused by create, update and ifMatch, which write nothing and leave nothing", async () => {
    const { map, http } = await open("ignored");
    const ignores = unsupported("ignores If-None-Match of a PUT");
    expect(() => map.create("fresh", "1")).toThrow(ignores);
    expect(told(http)).toEqual(["[PUT 200]", "[PUT 200]", "[DELETE 204]", "[HEAD 404]"]);
    // It is known from then on.
    expect(() => map.create("here", "1")).toThrow(ignores);
    expect(() => map.update("here", () => "1")).toThrow(ignores);
    expect(() => map.set("here", "1", { ifMatch: '"x"' })).toThrow(ignores);
    expect(told(http)).toEqual(["GET 200"]);
    expect([...map]).toEqual([["here", "stored"]]);
  });

  it("of a DELETE only, is refused where update would delete, and serves the rest", async () => {
    const { map, http } = await open("ignored by DELETE");
    expect(map.update("here", () => "new")).toBe("new");
    http.reset();
    const ignores = unsupported("ignores If-Match of a DELETE");
    expect(() => map.update("here", () => undefined)).toThrow(ignores);
    expect(told(http)).toEqual(["GET 200", "[PUT 200]", "[DELETE 204]", "[HEAD 404]"]);
    expect(() => map.update("here", () => undefined)).toThrow(ignores);
    expect(told(http)).toEqual(["GET 200"]);
    expect([...map]).toEqual([["here", "new"]]);
  });
});

describe("a service that does not implement conditions", () => {
  it("is refused", async () => {
    const { map } = await open("not implemented");
    expect(() => map.create("fresh", "1")).toThrow(unsupported("does not implement conditions"));
    expect(() => map.update("here", () => undefined)).toThrow(unsupported("does not implement conditions"));
    expect([...map]).toEqual([["here", "stored"]]);
  });
});

it("a service that passes the trial and does not implement the condition of a later write is refused", async () => {
  const { map, http } = await open();
  expect(map.create("fresh", "1")).toBe(true);
  http.fault({
    operation: "PUT",
    action: { status: 501, code: "NotImplemented", message: "No such header." },
  });
  expect(() => map.create("other", "1")).toThrow(unsupported("No such header"));
  expect(map.create("other", "2")).toBe(true);
  expect(map.get("other")).toBe("2");
});

describe("a service that wants ETags without their quotes", () => {
  it("gets them so", async () => {
    const { map, http } = await open("bare");
    const { etag } = map.head("here")!;
    http.reset();
    map.set("here", "2", { ifMatch: etag });
    expect(told(http)).toEqual([
      ...["[PUT 200]", "[PUT 412]", "[PUT 412]", "[PUT 412]", "[PUT 412]", "[PUT 200]", "[DELETE 204]"],
      "[HEAD 404]",
      "PUT 200",
    ]);
    expect(() => map.set("here", "3", { ifMatch: etag })).toThrow(
      expect.objectContaining({ code: "PreconditionFailed" }) as Error,
    );
    expect(map.update("here", (value) => `${value}!`)).toBe("2!");
    map.update("here", () => undefined);
    expect(map.size).toBe(0);
  });
});

describe("AWS", () => {
  it.each(["s3.eu-west-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"])(
    "is not tried: %s",
    async (host) => {
      const local = new LocalS3Handler({ directory: temporaryDirectory(), createBuckets: true });
      const seen: string[] = [];
      const sdk = new S3Client({
        region: "eu-west-1",
        endpoint: `https://${host}`,
        forcePathStyle: true,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
        requestHandler: {
          handle: (request: RawRequest) => {
            seen.push(request.method);
            return local.handle(request);
          },
        } as never,
      });
      const settings = { bucket: "bucket", concurrency: 1 };
      const client = new Client(settings, new Surroundings(noEnvironment));
      client.route = undefined;
      jest.spyOn(client, "sdk").mockResolvedValue(sdk);
      const target: Target = { client, settings, bucketProved: false, conditions: { left: new Map() } };
      const task = { signal: new AbortController().signal, doubt: undefined };
      const headers = { contentType: "text/plain" };
      const missing = { base: { writes: [] }, prefix: "" };
      const object = { key: "key", body: "", headers, ...missing };
      expect(await storeIf(target, object, task)).toMatchObject({ verdict: "done" });
      expect(await storeIf(target, object, task)).toEqual({ verdict: "exists" });
      const etag = "d41d8cd98f00b204e9800998ecf8427e";
      expect(await removeIf(target, { key: "key", base: { etag, writes: [] }, prefix: "" }, task)).toEqual({
        verdict: "done",
      });
      expect(await removeIf(target, { key: "key", base: { etag, writes: [] }, prefix: "" }, task)).toEqual({
        verdict: "missing",
      });
      expect(seen).toEqual(["PUT", "PUT", "DELETE", "DELETE"]);
      local.destroy();
    },
  );
});
