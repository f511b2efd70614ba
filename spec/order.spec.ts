import { mkdtempSync, rmSync, symlinkSync, readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import { inOrder } from "../lib/worker/write-ordering.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

const accessPoint = "arn:aws:s3:eu-west-1:123456789012:accesspoint/point";
const headers = { contentType: "text/plain" };

describe("a call to a key that is being written", () => {
  it.each([
    ["of the same bucket", "bucket", "bucket", true],
    ["of another bucket", "bucket", "other", false],
    ["of a bucket, by an access point", accessPoint, "bucket", true],
    ["of an access point, by a bucket", "bucket", accessPoint, true],
    ["of an access point's alias", "point-abc-s3alias", "bucket", true],
    ["of two access points", accessPoint, "point-abc-s3alias", true],
  ])("%s: waits where it may be the same key", async (_name, written, read, waits) => {
    let end = (): void => {};
    const write = inOrder(
      written,
      { op: "set", key: "k", body: "", headers },
      () => new Promise<void>((resolve) => (end = resolve)),
    );
    for (const call of [
      { op: "has", key: "k" },
      { op: "list", prefix: "", limit: 1 },
    ] as const) {
      let begun = false;
      void inOrder(read, call, () => Promise.resolve((begun = true)));
      await new Promise(setImmediate);
      expect(begun).toBe(!waits);
    }
    let isOtherBegun = false;
    await inOrder(read, { op: "has", key: "other" }, () => Promise.resolve((isOtherBegun = true)));
    expect(isOtherBegun).toBe(true);
    end();
    await write;
    await expect(inOrder(read, { op: "has", key: "k" }, () => Promise.resolve(true))).resolves.toBe(true);
  });
});

describe("a read by another name of the endpoint, within a write", () => {
  let server: HttpS3;
  beforeAll(async () => {
    server = await startHttpS3();
  });
  afterAll(() => server.close());

  it.each([
    ["localhost", () => ({ endpoint: server.endpoint.replace("127.0.0.1", "localhost") })],
    ["the environment", () => ({})],
  ])("gives the new value: %s", (_name, other) => {
    process.env["AWS_ENDPOINT_URL_S3"] = server.endpoint;
    try {
      const common = {
        region: "us-east-1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        wait: "deasync" as const,
      };
      const writer = new S3BucketMap("bucket", { ...common, endpoint: server.endpoint });
      const reader = new S3BucketMap("bucket", { ...common, ...other() });
      writer.set("k", "old");
      reader.get("k");
      let read: string | undefined;
      setTimeout(() => (read = reader.get("k")), 20);
      server.fault({ operation: "PUT", action: { delayMs: 500 } });
      writer.set("k", "new");
      while (read === undefined) writer.get("other");
      expect(read).toBe("new");
    } finally {
      delete process.env["AWS_ENDPOINT_URL_S3"];
    }
  });
});

/** How many descriptors of a directory's store this process has; none are seen but on Linux. */
function descriptorsOf(directory: string): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}

describe("a local directory with several names", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-names-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is one directory, opened once", () => {
    const [real, link] = [path.join(folder, "real"), path.join(folder, "link")];
    const map = new S3BucketMap("bucket", { local: real });
    map.set("k", "value");
    const before = descriptorsOf(real);
    symlinkSync(real, link);
    const linked = new S3BucketMap("bucket", { local: link });
    expect(linked.get("k")).toBe("value");
    linked.set("k", "new");
    expect(map.get("k")).toBe("new");
    expect(descriptorsOf(real)).toBe(before);
  });

  it("is what a link leads to at each call", () => {
    const link = path.join(folder, "moving");
    symlinkSync(path.join(folder, "one"), link);
    const [one, two] = ["one", "two"].map(
      (name) => new S3BucketMap("bucket", { local: path.join(folder, name) }),
    );
    one!.set("k", "one");
    two!.set("k", "two");
    const moving = new S3BucketMap("bucket", { local: link });
    expect(moving.get("k")).toBe("one");
    rmSync(link);
    symlinkSync(path.join(folder, "two"), link);
    expect(moving.get("k")).toBe("two");
    moving.set("k", "new");
    expect([one!.get("k"), two!.get("k")]).toEqual(["one", "new"]);
  });
});
