import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../../lib/index.js";

/** One place in a local S3, with whichever values. */
export interface Place {
  readonly bytes: S3BucketMap<"bytes">;
  readonly strings: S3BucketMap<"string">;
}

/** Makes empty places in a local S3 that lasts as long as the spec file. */
export function useLocalS3(): () => Place {
  let directory: string;
  let places = 0;
  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), "s3bucketmap-layer-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  return () => {
    const options = { local: directory, prefix: `${places++}/` };
    return {
      bytes: new S3BucketMap("bucket", { ...options, readAs: "bytes" }),
      strings: new S3BucketMap("bucket", { ...options, readAs: "string" }),
    };
  };
}

/** What something throws. */
export function thrownBy(use: () => unknown): unknown {
  try {
    use();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
