import { asObject, batch, PartialFailureError, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
});
afterEach(() => {
  server.clearFaults();
});

let maps = 0;
function map(options: S3BucketOptions = {}): S3BucketMap {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    credentials,
    prefix: `${maps++}/`,
    ...options,
  });
}

function partialFailure(use: () => unknown): PartialFailureError {
  try {
    use();
  } catch (error) {
    expect(error).toBeInstanceOf(PartialFailureError);
    return error as PartialFailureError;
  }
  throw new Error("nothing was thrown");
}

const keys = Array.from({ length: 1200 }, (_, i) => `key ${i}`);

describe.each(["atomics", "deasync"] as const)("many keys, wait: %s", (wait) => {
  it("cost one PUT or GET each, as many at a time as concurrency says, and one DeleteObjects a thousand", () => {
    const under = map({ wait, concurrency: 8 });
    server.reset();
    under.setMany(keys.map((key) => [key, `value of ${key}`] as const));
    expect(server.counts()).toMatchObject({ PUT: 1200, total: 1200 });
    expect(server.maxConcurrent()).toBeGreaterThan(1);
    expect(server.maxConcurrent()).toBeLessThanOrEqual(8);

    server.reset();
    expect(under.getMany(keys).get("key 1199")).toBe("value of key 1199");
    expect(server.counts()).toMatchObject({ GET: 1200, total: 1200 });
    expect(server.maxConcurrent()).toBeLessThanOrEqual(8);

    server.reset();
    under.deleteMany(keys);
    expect(server.counts()).toMatchObject({ DELETE_OBJECTS: 2, total: 2 });
    expect(under.size).toBe(0);
  }, 60_000);

  it("cost nothing when there are none", () => {
    const under = map({ wait });
    server.reset();
    under.setMany([]);
    under.getMany([]);
    under.deleteMany([]);
    expect(server.counts().total).toBe(0);
  });
});

describe("a call on many keys that fails for some", () => {
  const refuse = (operation: string): void =>
    server.fault({
      operation,
      key: /refused$/,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
  const entries = [
    ["a", "1"],
    ["refused", "2"],
    ["z", "3"],
  ] as const;

  it("names those that were written and those that were not, and they are", () => {
    const under = map();
    refuse("PUT");
    const error = partialFailure(() => under.setMany(entries));
    expect(error).toMatchObject({ code: "PartialFailure", operation: "setMany", succeeded: ["a", "z"] });
    expect([...error.failed.keys()]).toEqual(["refused"]);
    expect(error.failed.get("refused")).toMatchObject({
      code: "AccessDenied",
      operation: "set",
      statusCode: 403,
    });
    expect([...under]).toEqual([
      ["a", "1"],
      ["z", "3"],
    ]);
  });

  it.each(["setMany", "batch"])("tells what was not written from what may have been: %s", (how) => {
    const under = map();
    refuse("PUT");
    server.fault({ operation: "PUT", key: /lost$/, times: Infinity, action: { reset: "after-apply" } });
    const all = [...entries, ["lost", "4"]] as const;
    const error = partialFailure(() => {
      if (how === "setMany") under.setMany(all);
      else batch(asObject(under), () => all.forEach(([key, value]) => under.set(key, value)));
    });
    expect(error.message).toContain("2 were written, 1 was not and 1 may have been; the first that failed: ");
    expect(under.get("lost")).toBe("4");
  });

  it("says of one key that may have been written no more than that", () => {
    const under = map();
    server.fault({ operation: "PUT", key: /lost$/, times: Infinity, action: { reset: "after-apply" } });
    const error = partialFailure(() => under.setMany([["a", "1"], ["lost", "2"]])); // prettier-ignore
    expect(error.message).toContain("1 was written and 1 may have been;");
  });

  it("names those that could be read, a missing one with them, and those that could not", () => {
    const under = map();
    under.setMany(entries);
    refuse("GET");
    const error = partialFailure(() => under.getMany(["a", "missing", "refused"]));
    expect(error).toMatchObject({ operation: "getMany", succeeded: ["a", "missing"] });
    expect(error.failed.get("refused")).toMatchObject({ code: "AccessDenied", operation: "get" });
  });

  it("names a value that is no text", () => {
    const under = map();
    under.set("bytes", new Uint8Array([0xff])).set("text", "1");
    const error = partialFailure(() => under.getMany(["text", "bytes"]));
    expect(error.succeeded).toEqual(["text"]);
    expect(error.failed.get("bytes")).toMatchObject({ code: "NotUtf8" });
  });

  it("names the keys that S3 refuses in an answer of 200", () => {
    const under = map();
    under.setMany(entries);
    const refused = `<Error><Key>${maps - 1}/refused</Key><Code>AccessDenied</Code></Error>`;
    const body = `<DeleteResult><Deleted><Key>${maps - 1}/a</Key></Deleted>${refused}</DeleteResult>`;
    server.fault({ operation: "DELETE_OBJECTS", action: { status: 200, body } });
    const error = partialFailure(() => under.deleteMany(["a", "refused"]));
    expect(error).toMatchObject({ operation: "deleteMany", succeeded: ["a"] });
    expect([...error.failed.keys()]).toEqual(["refused"]);
  });

  it("deletes the keys of which an answer of 200 says nothing, one by one", () => {
    const under = map();
    under.setMany(entries);
    const body = `<DeleteResult><Deleted><Key>${maps - 1}/a</Key></Deleted></DeleteResult>`;
    server.fault({ operation: "DELETE_OBJECTS", action: { status: 200, body } });
    server.reset();
    under.deleteMany(["a", "refused", "z"]);
    expect(server.counts()).toMatchObject({ DELETE_OBJECTS: 1, DELETE: 2, total: 3 });
    expect(under.has("refused") || under.has("z")).toBe(false);
  });

  it("says that such a key may be gone where its own DELETE is refused", () => {
    const under = map();
    under.setMany(entries);
    server.fault({
      operation: "DELETE_OBJECTS",
      action: { status: 200, body: "<DeleteResult></DeleteResult>" },
    });
    server.fault({ operation: "DELETE", key: /refused$/, action: { status: 403, code: "AccessDenied" } });
    const error = partialFailure(() => under.deleteMany(["a", "refused", "z"]));
    expect(error.succeeded).toEqual(["a", "z"]);
    expect([...error.failed.keys()]).toEqual(["refused"]);
    expect(error.failed.get("refused")).toMatchObject({
      code: "AccessDenied",
      message: expect.stringContaining("the write may still have happened") as string,
    });
  });

  it.each(["InternalError", "UnknownError"])(
    "tries a key again by itself where %s is said of it in an answer of 200",
    (code) => {
      const under = map();
      under.setMany(entries);
      const [a, z] = [`${maps - 1}/a`, `${maps - 1}/z`];
      const body = `<DeleteResult><Deleted><Key>${a}</Key></Deleted><Error><Key>${z}</Key><Code>${code}</Code></Error></DeleteResult>`;
      server.fault({ operation: "DELETE_OBJECTS", action: { status: 200, body } });
      server.reset();
      under.deleteMany(["a", "z"]);
      expect(server.counts()).toMatchObject({ DELETE_OBJECTS: 1, DELETE: 1, total: 2 });
      expect(under.has("z")).toBe(false);
    },
  );

  it.each([501, 405])(
    "does not say that a key may be gone where DeleteObjects is %d and its DELETE refused",
    (status) => {
      // What is learnt of a service is kept for its settings.
      const under = map({ credentials: { accessKeyId: `key of ${status}`, secretAccessKey: "secret" } });
      under.setMany(entries);
      server.fault({
        operation: "DELETE_OBJECTS",
        times: Infinity,
        action: { status, code: "NotImplemented" },
      });
      server.fault({ operation: "DELETE", times: Infinity, action: { status: 403, code: "AccessDenied" } });
      server.reset();
      const error = partialFailure(() => under.deleteMany(["a", "z"]));
      expect([...error.failed.keys()]).toEqual(["a", "z"]);
      for (const { code, message } of error.failed.values()) {
        expect(code).toBe("AccessDenied");
        expect(message).not.toContain("may still have happened");
      }
      partialFailure(() => under.deleteMany(["a", "z"]));
      expect(server.counts()).toMatchObject({ DELETE_OBJECTS: 1, DELETE: 4, total: 5 });
    },
  );

  it("says at the deadline which were done, which may have been, and which were not begun", () => {
    const under = map({ timeoutMs: 2000, concurrency: 1 });
    server.fault({ operation: "PUT", key: /refused$/, times: Infinity, action: { stall: "before" } });
    const error = partialFailure(() => under.setMany(entries));
    expect(error.succeeded).toEqual(["a"]);
    expect([...error.failed].map(([key, { code }]) => [key, code])).toEqual([
      ["refused", "TimedOut"],
      ["z", "TimedOut"],
    ]);
    expect(error.failed.get("refused")!.message).toContain("the write may still have happened");
    expect(error.failed.get("z")!.message).not.toContain("may still have happened");
    server.clearFaults();
    expect(under.get("a")).toBe("1");
  });

  it("throws the one error where none can succeed, and does not ask for the rest", async () => {
    const empty = await startHttpS3({ createBuckets: false });
    try {
      const under = map({ endpoint: empty.endpoint, concurrency: 4 });
      for (const use of [
        () => under.setMany(keys.map((key) => [key, ""])),
        () => under.getMany(keys),
        () => under.deleteMany(keys),
      ]) {
        empty.reset();
        expect(use).toThrow(expect.objectContaining({ code: "NoSuchBucket" }) as Error);
        expect(empty.counts().total).toBeLessThanOrEqual(8);
      }
    } finally {
      await empty.close();
    }
  });
});
