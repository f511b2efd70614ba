import { checkOptions } from "../arguments/checks.js";
import { checkPrefix } from "../arguments/keys.js";
import { kindOf } from "../arguments/kinds.js";
import { isOfAnotherVersion } from "../global/other-version.js";
import { argumentError, partialFailure, PartialFailureError, S3BucketMapError } from "../errors/errors.js";
import { optionsOf, valueRefused } from "../map/copies.js";
import type { CopyOutcome, Whole } from "../map/copying.js";
import { internalsOf } from "../map/internals.js";
import type { Internals } from "../map/internals.js";
import type { SyncMap } from "../map/sync-map.js";
import { mapOf } from "./batch.js";
import type { BucketObject, Mapping } from "./bucket-object.js";
import { checkApart, checkTargetsApart, keysOf, listed, pairsOf, slices } from "./copy-pairs.js";
import type { Pair } from "./copy-pairs.js";

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
  const from = checkedMap(source, "source");
  const to = checkedMap(target, "target");
  checkOptions(options, ["prefix", "key"], "copyAll");
  const { prefix = "", key } = options;
  checkPrefix(prefix, "The option prefix");
  if (key !== undefined && typeof key !== "function")
    throw argumentError(`The option key of copyAll must be a function, not ${kindOf(key)}.`);
  const [inside, outside] = [internalsOf(from), internalsOf(to)];
  // A map that cannot be written to throws now, before anything is listed.
  outside.writing("copyAll", [], () => {});
  if (key === undefined) checkApart(from, to, prefix);
  inside.settle();
  outside.settle();
  const copying = new Copying(from, to);
  // The sizes matter only for values that the library reads and writes.
  const keys = copying.isByService ? keysOf(from, prefix) : listed(from, prefix);
  const pairs = pairsOf(keys, key ?? ((same) => same), outside.place?.prefix ?? "");
  if (key !== undefined) checkTargetsApart(from, to, prefix, pairs);

  for (const slice of slices(pairs, MAX_BYTES_AT_ONCE)) copying.copy(slice);
  return copying.end();
}

class Copying {
  readonly isByService: boolean;
  readonly #to: SyncMap<unknown>;
  readonly #inside: Internals<unknown>;
  readonly #outside: Internals<unknown>;
  readonly #keepsType: boolean;
  readonly #succeeded: string[] = [];
  readonly #failed = new Map<string, S3BucketMapError>();

  constructor(from: SyncMap<unknown>, to: SyncMap<unknown>) {
    this.#to = to;
    this.#inside = internalsOf(from);
    this.#outside = internalsOf(to);
    const { formats, objects } = this.#outside;
    const isOneFormat = formats !== undefined && isSame(formats, this.#inside.formats);
    const source = this.#inside.objects;
    this.isByService = isOneFormat && source !== undefined && objects?.takesFrom(source) === true;
    this.#keepsType = isSame(this.#inside.contentTypes, this.#outside.contentTypes);
  }

  copy(slice: readonly Pair[]): void {
    const targets = slice.map(({ to }) => to);
    let outcomes: CopyOutcome[];
    try {
      outcomes = this.#outside.writing("copyAll", targets, () =>
        this.isByService
          ? this.#outside.objects!.copyMany(this.#inside.objects!, slice)
          : this.#throughProgram(slice),
      );
    } catch (error) {
      // If nothing has been copied yet, the error itself is enough.
      if (this.#succeeded.length === 0 || !(error instanceof S3BucketMapError)) throw error;
      outcomes = slice.map(() => error);
    }
    for (const [at, { from }] of slice.entries()) {
      const outcome = outcomes[at]!;
      if (outcome === "copied") this.#succeeded.push(from);
      else if (outcome !== "missing") this.#failed.set(from, outcome);
    }
  }

  /** @throws PartialFailureError if any key failed */
  end(): number {
    const bucket = this.#outside.place?.bucket;
    const what = ["keys", "copied"] as const;
    const error = partialFailure("copyAll", bucket, what, this.#succeeded, this.#failed);
    if (error !== undefined) throw error;
    return this.#succeeded.length;
  }

  #throughProgram(slice: readonly Pair[]): CopyOutcome[] {
    const unread = new Map<string, S3BucketMapError>();
    const keys = slice.map(({ from }) => from);
    const wholes = this.#inside.read(keys, unread);
    const refused = new Map<string, S3BucketMapError>();
    const store = (): void => {
      for (const { from, to } of slice) {
        const whole = wholes.get(from);
        if (whole === undefined) continue;
        try {
          this.#to.set(to, whole.value, this.#optionsOf(whole));
        } catch (error) {
          if (error instanceof S3BucketMapError) refused.set(to, error);
          else if (error instanceof TypeError)
            refused.set(to, valueRefused(error, "copyAll", this.#outside.place, to));
          else throw error;
        }
      }
    };
    const targets = new Set(slice.map(({ to }) => to));
    const failed =
      this.#outside.objects === undefined ? noneFailed(store) : inBatch(this.#outside, targets, store);
    return slice.map(({ from, to }): CopyOutcome => {
      const error = unread.get(from) ?? refused.get(to) ?? failed.get(to);
      return error ?? (wholes.has(from) ? "copied" : "missing");
    });
  }

  #optionsOf(whole: Whole<unknown>): ReturnType<typeof optionsOf> {
    const { contentType, ...others } = optionsOf(whole);
    const isLayers = contentType === undefined || this.#inside.contentTypes.includes(contentType);
    return this.#keepsType || !isLayers ? optionsOf(whole) : others;
  }
}

function noneFailed(store: () => void): ReadonlyMap<string, S3BucketMapError> {
  store();
  return new Map();
}

function inBatch(
  outside: Internals<unknown>,
  targets: ReadonlySet<string>,
  store: () => void,
): ReadonlyMap<string, S3BucketMapError> {
  try {
    outside.runBatch(store);
    return new Map();
  } catch (error) {
    // The keys in a write buffer's error are relative to the map that the buffer was created over, which may be another one.
    if (!(error instanceof PartialFailureError) || ![...error.failed.keys()].every((key) => targets.has(key)))
      throw error;
    return error.failed;
  }
}

function checkedMap(given: unknown, which: string): SyncMap<unknown> {
  const map = mapOf(given);
  const isMap = ["get", "set", "has", "keys"].every(
    (method) => typeof (map as Record<string, unknown> | null | undefined)?.[method] === "function",
  );
  if (!isMap)
    throw argumentError(`The ${which} of copyAll must be a map or a bucket object, not ${kindOf(given)}.`);
  if (isOfAnotherVersion(map as object))
    throw argumentError(
      `The ${which} of copyAll must be a map of its own version of s3bucketmap, but this one comes from another installed version.`,
    );
  return map as SyncMap<unknown>;
}

function isSame(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((each, at) => each === other[at]);
}
