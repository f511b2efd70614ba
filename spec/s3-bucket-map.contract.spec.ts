import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import type { SyncMap } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { syncMapSuite } from "./support/sync-map-suite.js";

syncMapSuite("a native Map, as far as it goes", {
  make: () => new Map<string, string>() as unknown as SyncMap<string>,
  sorted: false,
  extended: false,
  withoutConditions: "a native Map knows of no other writers, and of no ETags",
  strict: false,
  deleteMissing: false,
});

let directory: string;
let server: HttpS3;
beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-contract-"));
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  const local = (): S3BucketMap => new S3BucketMap("bucket", { local: directory, wait });
  const http = (): S3BucketMap =>
    new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      wait,
    });
  syncMapSuite("S3BucketMap over the local S3", { make: local });
  syncMapSuite("a sub-map over the local S3", { make: () => local().subMap("sub/map"), prefixed: true });
  syncMapSuite("S3BucketMap over HTTP", { make: http });
  syncMapSuite("a sub-map over HTTP", { make: () => http().subMap("sub/map"), prefixed: true });
});
