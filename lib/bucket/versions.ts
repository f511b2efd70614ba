import { checkPrefix, wholeKey } from "../arguments/keys.js";
import type { Method } from "../bridge/operations.js";
import type { ListedVersion, VersionMarker, VersionPage, Versioning } from "../bridge/protocol.js";
import { partialFailure, S3BucketMapError } from "../errors/errors.js";
import type { Stored } from "../map/internals.js";
import type { ListOptions, ObjectHead, ObjectVersion } from "../map/sync-map.js";
import type { BucketCalls } from "./bucket-calls.js";
import { slices } from "./bulk.js";

/** The versions of one key, newest first. */
export function versionsOf(calls: BucketCalls, key: string): ObjectVersion[] {
  const whole = wholeKey(calls.prefix, key);
  const versions: ObjectVersion[] = [];
  // Other keys can begin with this one. They come after it.
  for (const [listed, found] of grouped(calls, whole, "versions")) {
    if (listed !== whole) break;
    versions.push(...found);
  }
  if (!versions.some(hasId)) checkVersioning(calls, "versions", whole);
  return versions;
}

/** The versions of all keys, in the order of the keys. */
export function* allVersions(
  calls: BucketCalls,
  { prefix = "" }: Pick<ListOptions, "prefix">,
): Generator<[key: string, versions: ObjectVersion[]], void, undefined> {
  let isSure = false;
  for (const [key, versions] of grouped(calls, checkPrefix(calls.prefix + prefix), "versions")) {
    // Without versioning, these would be the current values.
    if (!isSure && !versions.some(hasId)) checkVersioning(calls, "versions");
    isSure = true;
    yield [calls.relative(key), versions];
  }
  if (!isSure) checkVersioning(calls, "versions");
}

/**
 * One version of each key. 1 GET each, `concurrency` at a time.
 *
 * @param unread - receives the keys that cannot be read, each with its error. Without it, the first error is thrown
 */
export function getVersions(
  calls: BucketCalls,
  versionIds: ReadonlyMap<string, string>,
  unread?: Map<string, S3BucketMapError>,
): Map<string, Stored<string | Buffer>> {
  const wanted = Array.from(versionIds, ([key, versionId]) => ({
    key: wholeKey(calls.prefix, key),
    versionId,
  }));
  checkServiceHasVersions(calls, "get", wanted.length === 1 ? wanted[0]!.key : undefined);
  const values = new Map<string, Stored<string | Buffer>>();
  const failed = unread ?? new Map<string, S3BucketMapError>();
  const missing: string[] = [];
  const { maxBytes } = calls;
  for (const slice of slices(wanted)) {
    const keys = slice.map(({ key }) => key);
    const ids = slice.map(({ versionId }) => versionId);
    const outcomes = calls.call({ op: "getVersions", keys, versionIds: ids, maxBytes }, "get");
    for (const [index, key] of keys.entries()) {
      const outcome = outcomes[index]!;
      const stored = "failure" in outcome ? outcome : outcome.read && calls.decode(outcome.read);
      if (stored === undefined) missing.push(key);
      else if ("failure" in stored) failed.set(calls.relative(key), calls.error(stored.failure, "get", key));
      else values.set(calls.relative(key), stored);
    }
  }
  const [first] = failed.values();
  if (first !== undefined) {
    checkVersioningAfter(calls, "get", first);
    if (unread !== undefined) return values;
    if (wanted.length === 1) throw first;
    throw partialFailure("getMany", calls.bucket, ["versions", "read"], [...values.keys()], failed)!;
  }
  if (missing.length > 0) checkVersioning(calls, "get", missing[0]);
  return values;
}

export function headVersion(calls: BucketCalls, key: string, versionId: string): ObjectHead | undefined {
  const head = calls.call({ op: "head", key: wholeKey(calls.prefix, key), versionId });
  return head && { ...head, lastModified: new Date(head.lastModified) };
}

function* grouped(
  calls: BucketCalls,
  prefix: string,
  method: Method,
): Generator<[key: string, versions: ObjectVersion[]], void, undefined> {
  calls.checkOpen(method);
  checkServiceHasVersions(calls, method);
  let key: string | undefined;
  let versions: ObjectVersion[] = [];
  let ids = new Set<string>();
  for (let after: VersionMarker | undefined, isLast = false; !isLast;) {
    const page = pageOf(calls, prefix, after, method);
    for (const listed of page.versions) {
      if (listed.key !== key) {
        if (key !== undefined) yield [key, versions];
        key = listed.key;
        versions = [];
        ids = new Set();
      }
      if (ids.has(listed.versionId))
        throw calls.error({ code: "BadListing", reason: "the service lists a version twice" }, method, key);
      ids.add(listed.versionId);
      const version = toVersion(listed);
      if (!mayComeAfter(version, versions.at(-1))) {
        const reason = "the service does not list the versions of the key in the order of their times";
        throw calls.error({ code: "BadListing", reason }, method, key);
      }
      versions.push(version);
    }
    after = page.next;
    isLast = after === undefined;
  }
  if (key !== undefined) yield [key, versions];
}

function pageOf(
  calls: BucketCalls,
  prefix: string,
  after: VersionMarker | undefined,
  method: Method,
): VersionPage {
  try {
    return calls.call({ op: "versions", prefix, ...(after === undefined ? {} : { after }) }, method);
  } catch (error) {
    checkVersioningAfter(calls, method, error as S3BucketMapError);
    throw error;
  }
}

/** Services without versioning reject the request, or return the current values. @throws VersioningOff for those */
export function checkVersioningAfter(
  calls: BucketCalls,
  method: Method,
  { code, key }: S3BucketMapError,
): void {
  if (code === "BadAnswer" || code === "NotImplemented") checkVersioning(calls, method, key);
}

function toVersion({ versionId, isLatest, lastModified, object }: ListedVersion): ObjectVersion {
  return {
    versionId,
    isLatest,
    isDeleteMarker: object === undefined,
    lastModified: new Date(lastModified),
    size: object?.size,
    etag: object?.etag,
  };
}

/**
 * Whether a version can be older than the one listed before it. Some services list values and delete markers apart. The
 * times of two values say less, because that of a multipart upload is the time when it began.
 */
function mayComeAfter(version: ObjectVersion, newer: ObjectVersion | undefined): boolean {
  if (newer === undefined) return true;
  if (version.isLatest) return false;
  const isUpload = newer.etag?.includes("-") === true;
  return (
    version.isDeleteMarker === newer.isDeleteMarker || isUpload || version.lastModified <= newer.lastModified
  );
}

// A value that was stored without versioning has the id "null".
function hasId({ versionId }: ObjectVersion): boolean {
  return versionId !== "null";
}

/** @throws VersioningOff if versioning was never on. Once S3 has said that it was, the map does not ask again */
export function checkVersioning(calls: BucketCalls, method: Method, key?: string): void {
  if (calls.shared.keepsVersions === true) return;
  let versioning: Versioning;
  try {
    versioning = calls.call({ op: "versioning" }, method);
  } catch (error) {
    // It stays unknown, because a user who may read versions need not be allowed to ask this.
    if (error instanceof S3BucketMapError && error.code === "AccessDenied") return;
    throw error;
  }
  if (versioning === "off") {
    const reason = "it keeps no versions, because versioning was never turned on";
    throw calls.error({ code: "VersioningOff", reason }, method, key);
  }
  calls.shared.keepsVersions = true;
}

export function checkServiceHasVersions(calls: BucketCalls, method: Method, key?: string): void {
  calls.checkOpen(method);
  if (calls.shared.settings.client.local === undefined) return;
  const todo = "Use a bucket of a service that keeps versions.";
  throw calls.error({ code: "VersioningOff", reason: "the local S3 keeps no versions", todo }, method, key);
}
