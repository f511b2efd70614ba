import { checkOptions } from "../arguments/checks.js";
import { checkPrefix } from "../arguments/keys.js";
import { kindOf } from "../arguments/kinds.js";
import { mapOf } from "../global/facades.js";
import { isOfAnotherVersion } from "../global/other-version.js";
import { argumentError, partialFailure, PartialFailureError, S3BucketMapError } from "../errors/errors.js";
import { optionsOf, valueRefused } from "../map/copy-and-rename.js";
import type { CopyOutcome } from "../map/copy-types.js";
import { internalsOf } from "../map/internals.js";
import type { Internals, Stored } from "../map/internals.js";
import type { ObjectOptions } from "../map/sync-map.js";
import type { BucketObject, Mapping } from "./bucket-object.js";
import { checkApart, listedKeys, pairsOf, slices } from "./copy-pairs.js";
import type { Pair, Side } from "./copy-pairs.js";

/** Options of {@link copyAll}. */
export interface CopyAllOptions {
  /** Only keys of the source that begin with this. */
  prefix?: string | undefined;
  /** Returns the key of the copy, or `undefined` to leave a key out. Default: the same key. */
  key?: ((key: string) => string | undefined) | undefined;
}

/** What {@link copyAll} accepts: a map or a bucket object. It may be a native `Map`. */
export type CopyablePart = Mapping<unknown> | BucketObject<unknown>;

/** Values that the library reads and writes are handled in groups of at most this many bytes. */
const MAX_BYTES_AT_ONCE: number = 64 * 1024 * 1024;

/**
 * Copies the values of one map to another, and overwrites what is there. Both may be maps or bucket objects, with any
 * layers, at any services. Content-Type, Content-Encoding, Cache-Control and metadata are copied, too. If the layers
 * differ, a Content-Type that the source's layers set is replaced by the one that the target's layers set.
 *
 * If both are at one service, with the same settings and layers, and no layer binds values to keys, S3 copies the
 * values, and they do not leave S3: 1 LIST for each thousand keys, and 1 HEAD and 1 CopyObject for each key,
 * `concurrency` of the target at a time. Otherwise the library reads and writes the values, at most 64 MiB at a time: 1
 * LIST for each thousand keys, and 1 GET and 1 PUT for each key. The deadline of a call applies to each thousand keys.
 * All keys are listed before any is copied. Keys that are deleted after that are left out.
 *
 * @returns the number of copies
 * @throws TypeError if source and target overlap, so that copies would be copied again: without `key`, if the keys of
 * one begin with the prefix of the other; with `key`, if a copy would be one of the keys to copy. If two addresses may
 * lead to the same bucket, the library writes a key to the target to find out: 1 PUT, 1 HEAD and 1 DELETE. Also if two
 * keys would be copied to the same key
 * @throws PartialFailureError if even one value could not be copied; its keys are those of the source. The error of a
 * value that the target's layers do not accept has the code `ValueRefused`
 * @example
 * copyAll(map.subMap("2025/"), map.subMap("archive/2025/"));
 * copyAll(bucket, backup, { prefix: "notes/", key: (key) => `${key}.bak` });
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function copyAll(source: CopyablePart, target: CopyablePart, options: CopyAllOptions = {}): number {
  const from = sideOf(source, "source");
  const to = sideOf(target, "target");
  checkOptions(options, ["prefix", "key"], "copyAll");
  const { prefix = "", key } = options;
  checkPrefix(prefix, "The option prefix");
  if (key !== undefined && typeof key !== "function")
    throw argumentError(`The option key of copyAll must be a function, not ${kindOf(key)}.`);
  // A map that cannot be written to throws now, before anything is listed.
  to.inner.writing("copyAll", [], () => {});
  if (key === undefined) checkApart(from, to, prefix);
  from.inner.settle();
  to.inner.settle();
  const byService = isByService(from.inner, to.inner);
  // The sizes matter only for values that the library reads and writes.
  const listed = listedKeys(from.map, prefix, !byService);
  const pairs = pairsOf(listed, key ?? ((same) => same), to.inner.place?.prefix ?? "");
  if (key !== undefined) checkApart(from, to, prefix, pairs);

  const succeeded: string[] = [];
  const failed = new Map<string, S3BucketMapError>();
  for (const slice of slices(pairs, MAX_BYTES_AT_ONCE)) {
    const copy = (): CopyOutcome[] =>
      byService ? to.inner.objects!.copyMany(from.inner.objects!, slice) : copyByValue(from, to, slice);
    let outcomes: CopyOutcome[];
    try {
      outcomes = to.inner.writing("copyAll", targetsOf(slice), copy);
    } catch (error) {
      // If nothing has been copied yet, the error itself is enough.
      if (succeeded.length === 0 || !(error instanceof S3BucketMapError)) throw error;
      outcomes = slice.map(() => error);
    }
    for (const [at, { from }] of slice.entries()) {
      const outcome = outcomes[at]!;
      if (outcome === "copied") succeeded.push(from);
      else if (outcome !== "missing") failed.set(from, outcome);
    }
  }
  const error = partialFailure("copyAll", to.inner.place?.bucket, ["keys", "copied"], succeeded, failed);
  if (error !== undefined) throw error;
  return succeeded.length;
}

function targetsOf(pairs: readonly Pair[]): string[] {
  return pairs.map(({ to }) => to);
}

/** Whether the service itself can copy what is stored. */
function isByService(source: Internals<unknown>, target: Internals<unknown>): boolean {
  if (target.formats === undefined || !isSame(target.formats, source.formats)) return false;
  return source.objects !== undefined && target.objects?.takesFrom(source.objects) === true;
}

/** Reads and writes the values. */
function copyByValue(source: Side, target: Side, slice: readonly Pair[]): CopyOutcome[] {
  const errors = new Map<string, S3BucketMapError>();
  const keys = slice.map(({ from }) => from);
  const values = source.inner.read(keys, errors);
  const unstored = storeAll(target.inner, new Set(targetsOf(slice)), () => {
    for (const { from, to } of slice) {
      const stored = values.get(from);
      if (stored === undefined) continue;
      try {
        target.map.set(to, stored.value, optionsFor(stored, source.inner, target.inner));
      } catch (error) {
        if (error instanceof S3BucketMapError) errors.set(from, error);
        else if (error instanceof TypeError)
          errors.set(from, valueRefused(error, "copyAll", target.inner.place, to));
        else throw error;
      }
    }
  });
  return slice.map(
    ({ from, to }) => errors.get(from) ?? unstored.get(to) ?? (values.has(from) ? "copied" : "missing"),
  );
}

/** A Content-Type that the source's layers set is left to the target's layers, if they set another. */
function optionsFor(
  stored: Stored<unknown>,
  source: Internals<unknown>,
  target: Internals<unknown>,
): ObjectOptions {
  const options = optionsOf(stored);
  const isByLayers = source.contentTypes.includes(options.contentType ?? "");
  if (isByLayers && !isSame(source.contentTypes, target.contentTypes)) delete options.contentType;
  return options;
}

/** Runs a function that stores values, in a batch if the target has one. Returns the errors of its writes. */
function storeAll(
  target: Internals<unknown>,
  keys: ReadonlySet<string>,
  store: () => void,
): ReadonlyMap<string, S3BucketMapError> {
  try {
    if (target.objects === undefined) store();
    else target.runBatch(store);
    return new Map();
  } catch (error) {
    // The keys in a write buffer's error are relative to the map that the buffer was created over, which may be another one.
    if (!(error instanceof PartialFailureError) || ![...error.failed.keys()].every((key) => keys.has(key)))
      throw error;
    return error.failed;
  }
}

function sideOf(given: unknown, which: string): Side {
  const map = mapOf(given) as Side["map"] & Record<string, unknown>;
  if (!["get", "set", "has", "keys"].every((method) => typeof map?.[method] === "function"))
    throw argumentError(`The ${which} of copyAll must be a map or a bucket object, not ${kindOf(given)}.`);
  if (isOfAnotherVersion(map))
    throw argumentError(
      `The ${which} of copyAll must be a map of its own version of s3bucketmap, but this one comes from another installed version.`,
    );
  return { map, inner: internalsOf(map) };
}

function isSame(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((each, at) => each === other[at]);
}
