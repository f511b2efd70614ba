import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { MAX_KEY_BYTES } from "../arguments/keys.js";
import { isAlias } from "../arguments/location.js";
import { argumentError } from "../errors/errors.js";
import type { BucketCalls } from "./bucket-calls.js";

/** Settings that do not affect which service is used, and with which permissions. */
const ofBucket: ReadonlySet<string> = new Set([
  ...["bucket", "region", "concurrency", "interactive", "createBucket"],
  ...["serverSideEncryption", "kmsKeyId", "storageClass"],
]);

const RANDOM_BYTES = 12;

/**
 * Whether two maps use the same service with the same permissions, so that the service can copy from one bucket to the
 * other.
 */
export function areOnOneService(one: BucketCalls, other: BucketCalls | undefined): boolean {
  if (other === undefined || isObjectLambda(one) || isObjectLambda(other)) return false;
  if (one.shared === other.shared) return true;
  return serviceOf(one) === serviceOf(other) && environmentOf(one) === environmentOf(other);
}

/**
 * Whether two maps use the same bucket. If their names do not show it, a key under `prefix` is written through one map
 * and read through the other: 1 PUT, 1 HEAD or GET, 1 DELETE.
 */
export function areOneBucket(one: BucketCalls, other: BucketCalls | undefined, prefix: string): boolean {
  if (other === undefined) return false;
  if (one.shared === other.shared) return true;
  const isNamedAlike = one.bucket === other.bucket;
  if (!isNamedAlike && !isAlias(one.bucket) && !isAlias(other.bucket)) return false;
  const [directory, otherDirectory] = [one, other].map(({ shared }) => shared.settings.client.local);
  if (directory !== undefined || otherDirectory !== undefined)
    return (
      isNamedAlike &&
      directory !== undefined &&
      otherDirectory !== undefined &&
      realPath(directory) === realPath(otherDirectory)
    );
  if (isNamedAlike && areOnOneService(one, other)) return true;
  return isSeenThrough(one, other, prefix);
}

function isSeenThrough(one: BucketCalls, other: BucketCalls, prefix: string): boolean {
  const key = `${prefix}.s3bucketmap-check-${randomBytes(RANDOM_BYTES).toString("base64url")}`;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw argumentError(
      "copyAll cannot find out whether source and target are the same bucket, because the prefix is too long to write a test key under it.",
    );
  const headers = { contentType: "application/octet-stream" };
  one.call({ op: "set", key, body: "", headers });
  try {
    return other.call({ op: "has", key });
  } finally {
    one.call({ op: "delete", key });
  }
}

function serviceOf({ shared }: BucketCalls): string {
  const settings = Object.entries(shared.settings.client).filter(([name]) => !ofBucket.has(name));
  return JSON.stringify(settings.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function environmentOf(calls: BucketCalls): string {
  return JSON.stringify(calls.environment);
}

// The key has responses made by a program, so it cannot be a source.
function isObjectLambda({ bucket }: BucketCalls): boolean {
  return bucket.includes(":s3-object-lambda:") || bucket.endsWith("--ol-s3");
}

// Works even for a directory that does not exist yet.
function realPath(directory: string): string {
  try {
    return fs.realpathSync.native(directory);
  } catch {
    const parent = path.dirname(directory);
    return parent === directory ? directory : path.join(realPath(parent), path.basename(directory));
  }
}
