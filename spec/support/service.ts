import { randomUUID } from "node:crypto";
import { S3BucketMap } from "../../lib/index.js";
import type { S3BucketOptions } from "../../lib/index.js";
import { inUtf8Order } from "./map-under-test.js";
import type { MapUnderTest } from "./map-under-test.js";

/** A map in the service's bucket, under a prefix that no other run has. */
export function serviceMap<As extends "string" | "bytes" = "string">(
  options: S3BucketOptions<As> = {},
): S3BucketMap<As> {
  const bucket = process.env["S3BUCKETMAP_SPEC_BUCKET"];
  if (bucket === undefined) {
    throw new Error("S3BUCKETMAP_SPEC_BUCKET must name a bucket: see jest.service.config.js");
  }
  return new S3BucketMap(bucket, { prefix: `specs/${randomUUID()}/`, ...options });
}

/** What a service may lack. The specs then hold the library to its refusal. */
const shortcomings = [
  // It ignores or lacks If-Match and If-None-Match of a PUT.
  "conditional-put",
  // It ignores or lacks If-Match of a DELETE, or looks first and deletes afterwards.
  "conditional-delete",
  // It lists keys in the order of a locale.
  "listing-order",
  // It lists keys as they are, though encoding-type=url is asked for.
  "listing-encoding",
  // An unknown access key is SignatureDoesNotMatch.
  "unknown-key-code",
  // It takes any credentials.
  "authentication",
  // It keeps no versions.
  "versions",
  // It ignores what a link says of the answer's headers.
  "answer-headers",
] as const;
type Shortcoming = (typeof shortcomings)[number];

const named = (process.env["S3BUCKETMAP_SPEC_CANNOT"] ?? "").split(",").filter((name) => name !== "");
for (const name of named) {
  if (!(shortcomings as readonly string[]).includes(name)) {
    throw new Error(`S3BUCKETMAP_SPEC_CANNOT has "${name}", which is none of ${shortcomings.join(", ")}`);
  }
}

/** Whether this run's service lacks it: S3BUCKETMAP_SPEC_CANNOT names, with commas, all that it lacks. */
export function cannot(what: Shortcoming): boolean {
  return named.includes(what);
}

/** Whether this run's service lists these keys in a way that the library must refuse. */
export function cannotList(keys: readonly string[]): boolean {
  const sorted = inUtf8Order(keys);
  // Those that a locale takes for the same come in any order.
  const isByLocale = (key: string, at: number): boolean => at === 0 || sorted[at - 1]!.localeCompare(key) < 0;
  return (
    (cannot("listing-order") && !sorted.every(isByLocale)) ||
    (cannot("listing-encoding") && keys.some((key) => /[\r\n\ufffd]/.test(key)))
  );
}

/** Empties a map, unless this run's service may list its keys wrongly: what it has is thrown away. */
export function clear(map: S3BucketMap): void {
  if (!cannot("listing-order")) map.clear();
}

/** What maps over this run's service are held to. */
export const overService: Omit<MapUnderTest, "make"> = {
  prefixed: true,
  refusesConditionalPut: cannot("conditional-put"),
  refusesConditionalDelete: cannot("conditional-delete"),
  cannotList,
};
