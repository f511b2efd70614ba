import type { S3BucketMapError } from "../lib/index.js";
import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// Every call answers by its own deadline, whatever it waits for, and harms no other.

jest.setTimeout(60_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let maps = 0;
function open(timeoutMs: number, prefix = `${(maps += 1)}/`): S3BucketMap {
  return new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "deadlines", secretAccessKey: "secret" },
    wait: "deasync",
    prefix,
    timeoutMs,
  });
}

const calls: Record<string, (map: S3BucketMap) => unknown> = {
  get: (map) => map.get("slow"),
  has: (map) => map.has("slow"),
  set: (map) => map.set("slow", "other"),
  delete: (map) => map.delete("slow"),
  getMany: (map) => map.getMany(["slow", "other"]),
  setMany: (map) => map.setMany([["slow", "other"]]),
  deleteMany: (map) => map.deleteMany(["slow", "other"]),
  size: (map) => map.size,
  create: (map) => map.create("slow", "other"),
  update: (map) => map.update("slow", () => "other"),
  entries: (map) => [...map.entries()],
  list: (map) => [...map.list()],
};

describe("a call that waits behind a slow write", () => {
  it.each(Object.keys(calls))("times out by itself, and the write goes on: %s", async (name) => {
    const slow = open(50_000);
    const quick = open(1000, `${maps}/`);
    quick.set("other", "1");
    server.fault({ operation: "PUT", action: { stall: "before" } });
    let thrown: unknown;
    const inner = new Promise<void>((resolve) => {
      const begin = (): void => {
        if (server.counts().PUT === 0) return void setTimeout(begin, 20);
        try {
          calls[name]!(quick);
        } catch (error) {
          thrown = error;
        }
        // The write that stalls is cut off, and tried again.
        server.clearFaults();
        resolve();
      };
      setTimeout(begin, 20);
    });
    server.reset();
    slow.set("slow", "value");
    await inner;
    const failure = thrown as S3BucketMapError;
    const first = (failure.code === "PartialFailure" ? failure.cause : failure) as S3BucketMapError;
    expect(first).toMatchObject({
      code: "TimedOut",
      // Nothing of it was sent.
      message: expect.not.stringContaining("may still have happened") as string,
    });
    expect(first.message).not.toContain("did not answer");
    expect(quick.get("slow")).toBe("value");
  });
});

describe("what a program does to its bytes while they are stored", () => {
  it("does not reach S3: setMany, wait: deasync", async () => {
    const map = open(50_000);
    const last = Buffer.from("before");
    const entries = Array.from({ length: 1001 }, (_, at) => [`k${at}`, at < 1000 ? "x" : last] as const);
    server.reset();
    const changed = new Promise<void>((resolve) => {
      const change = (): void => {
        if (server.counts().PUT === 0) return void setTimeout(change, 5);
        last.fill("!");
        resolve();
      };
      setTimeout(change, 5);
    });
    map.setMany(entries);
    await changed;
    expect(map.get("k1000")).toBe("before");
  });
});
