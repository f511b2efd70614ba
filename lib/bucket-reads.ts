import type { BucketCalls } from "./bucket-calls.js";
import { wholeKey } from "./keys.js";
import { unchanged } from "./stored.js";
import type { Stored } from "./stored.js";

/** One value with what S3 told beside it. 1 GET; with an ETag, S3 sends it only if it has another. */
export function getStored(calls: BucketCalls, key: string): Stored<string | Buffer> | undefined;
export function getStored(
  calls: BucketCalls,
  key: string,
  etag: string,
): Stored<string | Buffer> | typeof unchanged | undefined;
export function getStored(
  calls: BucketCalls,
  key: string,
  etag?: string,
): Stored<string | Buffer> | typeof unchanged | undefined {
  const whole = wholeKey(calls.prefix, key);
  const condition = etag === undefined ? {} : { ifNoneMatch: etag };
  const read = calls.call({ op: "get", key: whole, maxBytes: calls.maxBytes, ...condition });
  if (read === undefined) return undefined;
  if (read === "unchanged") return unchanged;
  const stored = calls.decode(read);
  if ("failure" in stored) throw calls.error(stored.failure, "get", whole);
  return stored;
}
