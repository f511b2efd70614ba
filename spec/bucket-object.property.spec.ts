import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { compareWithPlainObject, useNames } from "./support/property-suite.js";
import { sized } from "./support/size.js";

describe("a facade, under random programs, is as a plain object", () => {
  let directory: string;
  let server: HttpS3;
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-property-"));
    server = await startHttpS3();
  });
  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it("on the local S3, in programs that use everything", () => {
    const map = new S3BucketMap("bucket", { local: directory, prefix: "property/" });
    const used = compareWithPlainObject({ map, programs: sized(250, 2000) });
    expect([...used.keys()].sort()).toEqual([...useNames].sort());
  }, 300_000);

  it.each(["atomics", "deasync"] as const)(
    "over HTTP, waiting by %s",
    (wait) => {
      const map = new S3BucketMap("bucket", {
        endpoint: server.endpoint,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
        prefix: `${wait}/`,
        wait,
      });
      compareWithPlainObject({ map, programs: sized(25, 100) });
    },
    120_000,
  );
});
