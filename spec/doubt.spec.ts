import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { batch, PartialFailureError, S3BucketMap, S3BucketMapError } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3 } from "./support/http-s3.js";

// "The write may still have happened" is said exactly when a request was sent whose outcome is unknown.

jest.setTimeout(60_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

let maps = 0;
function open(wait: "atomics" | "deasync", options: S3BucketOptions = {}): S3BucketMap {
  maps += 1;
  const map = new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: `doubt${maps}`, secretAccessKey: "secret" },
    prefix: `${maps}/`,
    wait,
    ...(options as object),
  });
  server.reset();
  return map;
}

/** What a write says where it fails: of each key its own error. */
function failureOf(write: () => unknown): S3BucketMapError {
  try {
    write();
  } catch (error) {
    if (error instanceof PartialFailureError) return [...error.failed.values()][0]!;
    if (error instanceof S3BucketMapError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const said = expect.stringContaining("the write may still have happened") as string;
const notSaid = expect.not.stringContaining("may still have happened") as string;

const writes: Record<string, (map: S3BucketMap) => unknown> = {
  set: (map) => map.set("key", "value"),
  "set of a long value": (map) => map.set("key", Buffer.alloc(17 * 1024 * 1024)),
  delete: (map) => map.delete("key"),
  setMany: (map) => map.setMany([["key", "value"]]),
  deleteMany: (map) => map.deleteMany(["key"]),
  "deleteMany of what XML cannot carry": (map) => map.deleteMany(["\u0001"]),
  create: (map) => map.create("key", "value"),
  update: (map) => map.update("key", () => "value"),
  batch: (map) => batch(map, () => void map.set("key", "value")),
};
const names = Object.keys(writes);

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each(names)("%s does not say so where nothing listens", (name) => {
    const map = open(wait, { endpoint: "http://127.0.0.1:9" });
    expect(failureOf(() => writes[name]!(map))).toMatchObject({ code: "NetworkError", message: notSaid });
  });

  it.each(names)("%s does not say so where an option cannot be a header", (name) => {
    const map = open(wait, { kmsKeyId: "two\nlines", serverSideEncryption: "aws:kms" });
    const isSent = name.startsWith("delete");
    if (isSent) return void writes[name]!(map);
    expect(failureOf(() => writes[name]!(map))).toMatchObject({ code: "BadConfiguration", message: notSaid });
    // A trial of conditions may have been.
    if (name !== "create" && name !== "update") expect(server.counts().PUT).toBe(0);
  });

  it.each(names)("%s does not say so where S3 refuses it", (name) => {
    const map = open(wait);
    server.fault({ times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(failureOf(() => writes[name]!(map))).toMatchObject({ code: "AccessDenied", message: notSaid });
  });

  it.each([408, 460, 499])("says so where a proxy gave up with HTTP %s", (status) => {
    const map = open(wait);
    // The trial of conditions.
    map.create("first", "value");
    map.set("key", "value");
    server.fault({ operation: "PUT", times: Infinity, action: { status, code: "GivenUp" } });
    for (const write of [
      () => map.set("key", "new"),
      () => map.create("other", "value"),
      () => map.setMany([["key", "value"]]),
    ]) {
      expect(failureOf(write)).toMatchObject({ message: said });
    }
  });

  it.each([425, 429])("does not say so where HTTP %s has refused it", (status) => {
    const map = open(wait);
    server.fault({ operation: "PUT", times: Infinity, action: { status, code: "Refused" } });
    expect(failureOf(() => map.set("key", "value"))).toMatchObject({ message: notSaid });
  });

  // [what befalls the first try, whether it may have been carried out]
  it.each<[string, FaultAction, string]>([
    ["after a reset", { reset: "after-apply" }, said],
    ["after an InternalError", { status: 500, code: "InternalError" }, said],
  ])("says so where a try was lost and the last is refused, %s", (_what, action, message) => {
    const map = open(wait);
    server.fault({ operation: "PUT", action });
    server.fault({ operation: "PUT", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(failureOf(() => map.set("key", "value"))).toMatchObject({ code: "AccessDenied", message });
    expect(failureOf(() => map.set("key", "value"))).toMatchObject({
      code: "AccessDenied",
      message: notSaid,
    });
  });

  it("does not say so of a long value of which only a part was lost", () => {
    const map = open(wait);
    server.fault({ operation: "UploadPart", times: Infinity, action: { reset: "after-apply" } });
    const error = failureOf(() => map.set("key", Buffer.alloc(17 * 1024 * 1024)));
    expect(error).toMatchObject({ code: "NetworkError", message: notSaid });
  });

  it("does not say so of a failed trial of conditions", () => {
    const map = open(wait);
    server.fault({ operation: "PUT", times: Infinity, action: { reset: "after-apply" } });
    expect(failureOf(() => map.create("key", "value"))).toMatchObject({
      code: "NetworkError",
      message: notSaid,
    });
  });

  it("says it only of those keys that were sent, where a write shows that all must fail", () => {
    const map = open(wait, { concurrency: 1 });
    server.fault({ operation: "PUT", action: { status: 500, code: "InternalError" } });
    server.fault({ operation: "PUT", times: Infinity, action: { status: 400, code: "InvalidToken" } });
    const error = failureOf(() => map.setMany(["a", "b", "c"].map((key) => [key, key] as const)));
    expect(error).toMatchObject({ code: "InvalidToken", message: said });
    // The lost try, and the refused one.
    expect(server.counts().PUT).toBe(2);
  });

  it("does not say so where the time passes before a connection stands", async () => {
    const child = spawn(process.execPath, [path.join(__dirname, "fixtures/silent-servers.js"), "full"]);
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    const map = open(wait, { endpoint: `http://127.0.0.1:${String(port).trim()}`, timeoutMs: 1000 });
    const error = failureOf(() => map.set("key", "value"));
    child.kill();
    expect(error).toMatchObject({ code: "TimedOut", message: notSaid });
  });
});
