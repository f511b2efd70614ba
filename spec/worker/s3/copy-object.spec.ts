import { noEnvironment } from "../../../lib/arguments/environment.js";
import { S3BucketMap } from "../../../lib/index.js";
import { copyIfAbsent } from "../../../lib/worker/s3/conditional/conditional-copies.js";
import { copyObject } from "../../../lib/worker/s3/operations/copy-object.js";
import { head } from "../../../lib/worker/s3/operations/head-object.js";
import { S3 } from "../../../lib/worker/s3/s3.js";
import { startHttpS3 } from "../../support/http-s3.js";
import type { HttpS3 } from "../../support/http-s3.js";

jest.setTimeout(60_000);

const MIB = 1024 ** 2;
/** As if S3 copied no more than 5 MiB at once: its limit is 5 GiB. */
const sizes = { largest: 5 * MIB, part: 5 * MIB };
const task = { signal: new AbortController().signal, doubt: undefined };

let server: HttpS3;
let s3: S3;
let map: S3BucketMap<"bytes">;
beforeAll(async () => {
  server = await startHttpS3();
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const options = { endpoint: server.endpoint, region: "us-east-1", credentials };
  s3 = new S3({ ...options, bucket: "bucket", concurrency: 8 }, noEnvironment);
  map = new S3BucketMap("bucket", { ...options, readAs: "bytes" });
});
afterAll(async () => {
  s3.forget();
  await server.close();
});
beforeEach(() => {
  map.clear();
  server.reset();
});
afterEach(() => server.clearFaults());

function copy(from: string, to: string): Promise<boolean> {
  return s3.run((target) => {
    const look = (): ReturnType<typeof head> => head(target, from, task);
    return copyObject(target, { bucket: "bucket", key: from, look }, to, task, sizes);
  });
}

function cost(): Record<string, number> {
  const { total: _, ...kinds } = server.counts();
  return Object.fromEntries(Object.entries(kinds).filter(([, count]) => count > 0));
}

const bytes = (length: number): Buffer => Buffer.alloc(length, "0123456789abcdef!");

describe("copyObject() of an object that is too long for a CopyObject", () => {
  it("copies it in parts, with what is stored beside it", async () => {
    const long = bytes(11 * MIB + 1);
    map.set("from", long, { contentType: "text/csv", cacheControl: "no-store", metadata: { by: "ann" } });
    server.reset();
    expect(await copy("from", "to")).toBe(true);
    // The ETag of an object of several parts says nothing of its bytes: it is looked at once more.
    expect(cost()).toEqual({
      HEAD: 2,
      CreateMultipartUpload: 1,
      UploadPartCopy: 3,
      CompleteMultipartUpload: 1,
    });
    expect(map.get("to")!.equals(long)).toBe(true);
    const kept = { contentType: "text/csv", cacheControl: "no-store", metadata: { by: "ann" } };
    expect(map.head("to")).toMatchObject({ ...kept, size: long.length });
  });

  it("copies one that is just not too long at once", async () => {
    map.set("from", bytes(5 * MIB));
    server.reset();
    expect(await copy("from", "to")).toBe(true);
    expect(cost()).toEqual({ HEAD: 1, COPY: 1 });
  });

  it("aborts the upload if a part fails, and the target keeps what it has", async () => {
    map.set("from", bytes(11 * MIB));
    map.set("to", Buffer.from("old"));
    server.reset();
    server.fault({
      operation: "UploadPartCopy",
      after: 1,
      times: Infinity,
      action: { status: 403, code: "AccessDenied" },
    });
    await expect(copy("from", "to")).rejects.toMatchObject({ name: "AccessDenied" });
    expect(cost()).toMatchObject({ CreateMultipartUpload: 1, AbortMultipartUpload: 1 });
    expect(cost()).not.toHaveProperty("CompleteMultipartUpload");
    expect(map.get("to")!.toString()).toBe("old");
  });

  it("is done where the answer to the completion is lost, and the service forgets completed uploads", async () => {
    map.set("from", bytes(11 * MIB), { contentType: "text/csv", metadata: { by: "ann" } });
    server.reset();
    server.fault({ operation: "CompleteMultipartUpload", action: { reset: "after-apply" } });
    expect(await copy("from", "to")).toBe(true);
    expect(cost()).toMatchObject({ HEAD: 3, CompleteMultipartUpload: 2 });
    expect(map.get("to")!.equals(bytes(11 * MIB))).toBe(true);
  });

  it("begins again if the source has changed by the time of a part", async () => {
    map.set("from", bytes(11 * MIB), { metadata: { of: "old" } });
    server.reset();
    let looks = 0;
    const copied = await s3.run((target) => {
      const look = async (): ReturnType<typeof head> => {
        const found = await head(target, "from", task);
        looks += 1;
        if (looks === 1) map.set("from", bytes(12 * MIB), { metadata: { of: "new" } });
        return found;
      };
      return copyObject(target, { bucket: "bucket", key: "from", look }, "to", task, sizes);
    });
    expect(copied).toBe(true);
    expect(cost()).toMatchObject({
      CreateMultipartUpload: 2,
      AbortMultipartUpload: 1,
      CompleteMultipartUpload: 1,
    });
    expect(map.head("to")).toMatchObject({ size: 12 * MIB, metadata: { of: "new" } });
  });

  it("returns false for a missing key", async () => {
    expect(await copy("missing", "to")).toBe(false);
    expect(map.has("to")).toBe(false);
  });
});

describe("copyObject() at a service that ignores the condition on the source", () => {
  it("copies again where the source has changed since it was looked at", async () => {
    map.set("from", Buffer.from("old"), { metadata: { of: "old" } });
    let looks = 0;
    const copied = await s3.run((target) =>
      copyObject(
        { ...target, copiesUnbound: true },
        {
          bucket: "bucket",
          key: "from",
          look: async () => {
            const found = await head(target, "from", task);
            looks += 1;
            if (looks === 1) map.set("from", Buffer.from("new"), { metadata: { of: "new" } });
            return found;
          },
        },
        "to",
        task,
      ),
    );
    expect(copied).toBe(true);
    expect(map.get("to")!.toString()).toBe("new");
    expect(map.head("to")!.metadata).toEqual({ of: "new" });
    expect(looks).toBe(3);
  });

  it("copies without a condition where the service refuses the ETag that it gives", async () => {
    map.set("from", Buffer.from("value"));
    server.reset();
    server.fault({ operation: "COPY", action: { status: 412, code: "PreconditionFailed" } });
    expect(await copy("from", "to")).toBe(true);
    const copies = server.log().filter(({ operation }) => operation === "CopyObject");
    expect(copies.map(({ headers }) => "x-amz-copy-source-if-match" in headers)).toEqual([true, false]);
  });

  it("says so where it refuses each copy, with ifAbsent as well", async () => {
    map.set("from", Buffer.from("value"));
    server.fault({ operation: "COPY", times: Infinity, action: { status: 412, code: "PreconditionFailed" } });
    const refused = { code: "ConditionsUnsupported", details: {} };
    await expect(copy("from", "to")).rejects.toMatchObject(refused);
    // As if it were the local S3, which is known to have conditions of a copy.
    const copied = s3.run((target) => {
      const known = { ...target, settings: { ...target.settings, local: "directory" } };
      const look = (): ReturnType<typeof head> => head(target, "from", task);
      return copyIfAbsent(known, { bucket: "bucket", key: "from", look }, "to", "", task);
    });
    await expect(copied).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/and the target is missing; nothing was written/) as string,
    });
    expect(map.has("to")).toBe(false);
  });
});
