import { randomUUID } from "node:crypto";
import { S3BucketMap } from "../../lib/index.js";
import type { S3BucketOptions } from "../../lib/index.js";

/** A map in the service's bucket, under a prefix that no other run has. */
export function serviceMap<As extends "string" | "bytes" = "string">(
  options: S3BucketOptions & { readAs?: As } = {},
): S3BucketMap<As> {
  const bucket = process.env["S3BUCKETMAP_SPEC_BUCKET"];
  if (bucket === undefined) {
    throw new Error("S3BUCKETMAP_SPEC_BUCKET must name a bucket: see jest.service.config.js");
  }
  return new S3BucketMap(bucket, { prefix: `specs/${randomUUID()}/`, ...options });
}
