import type { ObjectHeaders } from "../bridge/protocol.js";
import { MAX_KEYS_AT_ONCE, wholeKey } from "../arguments/keys.js";
import { objectHeaders } from "../arguments/method-options.js";
import type { Internals, Stored } from "../map/internals.js";
import { prepare, prepareDeletion, send } from "./background-writes.js";
import type { BucketCalls } from "./bucket-calls.js";
import { getIfChanged, getStored, storedEntries } from "./bucket-reads.js";
import { getMany, removeMany } from "./bulk.js";
import { update } from "./conditional-writes.js";
import { linkTo } from "./link.js";
import type { Keys } from "./paged-listing.js";
import { runInBatch } from "./run-batch.js";
import { storedObjects } from "./stored-objects.js";
import { allVersions, getVersions, headVersion, versionsOf } from "./versions.js";
import { wholeListing } from "./whole-listing.js";

/** The sizes of this many keys of a listing are kept for the reads that follow: 8 MB. */
const MAX_SIZES = 1_000_000;

/** The internals of a bucket's map, for layers, facades and batches. */
export function bucketInternals(calls: BucketCalls): Internals<string | Buffer> {
  return {
    place: calls.place,
    valueKind: calls.readAs,
    delaysWrites: false,
    get: (key) => getStored(calls, key),
    getIfChanged: (key, etag, needs) =>
      needs !== "value" ? getStored(calls, key) : getIfChanged(calls, key, etag),
    getMany: (keys) => getMany(calls, keys),
    entries: (options) => storedEntries(calls, options),
    update(key, change, optionsFor, resumed, isMissing) {
      const whole = wholeKey(calls.prefix, key);
      const headersOf = (stored: Stored<string | Buffer> | undefined, isText: boolean): ObjectHeaders =>
        objectHeaders(optionsFor(stored), isText, "update");
      headersOf(undefined, true); // Throws for wrong options before anything is sent.
      return update(calls, whole, change, headersOf, resumed, isMissing) as string | Buffer | undefined;
    },
    serviceTime: () => calls.serviceTime,
    removeMany: (etags) => removeMany(calls, etags),
    versions: (key) => versionsOf(calls, key),
    allVersions: (options) => allVersions(calls, options),
    getVersions: (versionIds, _needs, failed) => getVersions(calls, versionIds, failed),
    headVersion: (key, versionId) => headVersion(calls, key, versionId),
    allKeys: () => allKeys(calls),
    hintReads: (keys, isKnown) => hintReads(calls, keys, isKnown),
    formats: [],
    contentTypes: ["text/plain; charset=utf-8", "application/octet-stream"],
    objects: storedObjects(calls),
    read: (keys, failed) => getMany(calls, keys, { withHeaders: true, failed }),
    settle: () => {},
    writing: (_method, _keys, write) => write(),
    url: (key, options) => linkTo(calls, key, options),
    prepare: (key, value, options) => prepare(calls, key, value, options),
    prepareDeletion: (key) => prepareDeletion(calls, key),
    send: (writes) => send(calls, writes),
    runBatch: (fn) => runInBatch(calls, fn),
    writesAreDurable: () => calls.writesAreDurable,
  };
}

function allKeys(calls: BucketCalls): string[] {
  calls.listedSizes = undefined;
  const keys: string[] = [];
  const sizes: Float64Array[] = [];
  for (const page of wholeListing(calls, "list")) {
    for (const key of page.keys) keys.push(calls.relative(key));
    if (keys.length <= MAX_SIZES) sizes.push(page.sizes);
  }
  calls.listedSizes = sizes;
  return keys;
}

/** The map's keys, page by page. */
export function* keysOf(calls: BucketCalls, pages: Iterable<Keys>): IterableIterator<string> {
  calls.listedSizes = undefined;
  for (const page of pages) {
    // The sizes that hintReads has not taken yet.
    const sizes = (calls.listedSizes ??= []);
    if (sizes.length * MAX_KEYS_AT_ONCE < MAX_SIZES) sizes.push(page.sizes);
    for (const key of page.keys) yield calls.relative(key);
  }
}

function hintReads(
  calls: BucketCalls,
  keys: readonly string[],
  isKnown: ((key: string) => boolean) | undefined,
): void {
  const pages = calls.listedSizes;
  calls.listedSizes = undefined;
  if (pages === undefined || keys.length === 0) return;
  const sizes = new Float64Array(keys.length).fill(Infinity);
  let at = 0;
  for (const page of pages) {
    if (at + page.length > keys.length) return;
    sizes.set(page, at);
    at += page.length;
  }
  const { prefix } = calls;
  if (isKnown === undefined) {
    calls.expectReads({ prefix, keys, sizes });
    return;
  }
  const unknown = keys.map((key) => !isKnown(key));
  const isAsked = (_: unknown, at: number): boolean => unknown[at]!;
  calls.expectReads({ prefix, keys: keys.filter(isAsked), sizes: sizes.filter(isAsked) });
}
