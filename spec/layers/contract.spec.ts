import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../../lib/index.js";
import { layers, stacks } from "../support/layer-stacks.js";
import { syncMapSuite } from "../support/sync-map-suite.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-layers-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

let prefixes = 0;

for (const [name, { over, ...under }] of [...Object.entries(layers), ...Object.entries(stacks)]) {
  const make = (): ReturnType<typeof over> => {
    const options = { local: directory, prefix: `${prefixes++}/` };
    return over(
      new S3BucketMap("bucket", { ...options, readAs: "bytes" }),
      new S3BucketMap("bucket", options),
    );
  };
  syncMapSuite(name, { make, prefixed: true, ...under });
}
