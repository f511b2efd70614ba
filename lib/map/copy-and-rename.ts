import { checkFlag, checkOptions } from "../arguments/checks.js";
import { wholeKey } from "../arguments/keys.js";
import { argumentError, PartialFailureError, S3BucketMapError } from "../errors/errors.js";
import type { CopyOptions } from "./copy-types.js";
import { internals } from "./internals.js";
import type { HasInternals, Internals, Place, Stored } from "./internals.js";
import type { ObjectOptions, SyncMap } from "./sync-map.js";

// `copy` and `rename`, the same for a bucket and for all layers.

type Copied<V> = SyncMap<V> & HasInternals<V>;

export function copy<V>(map: Copied<V>, from: string, to: string, options: CopyOptions = {}): boolean {
  checkOptions(options, ["ifAbsent"], "copy");
  const { ifAbsent = false } = options;
  checkFlag(ifAbsent, "ifAbsent of copy");
  const inside = map[internals];
  checkKeys(inside, from, to);
  return inside.writing("copy", [to], () => {
    inside.settle();
    if (from === to) return map.has(from) && !ifAbsent;
    if (inside.formats !== undefined && inside.objects !== undefined) {
      const result = inside.objects.copy(from, to, ifAbsent);
      if (result !== "by value") return result;
    }
    const whole = readOne(inside, from);
    if (whole === undefined) return false;
    return taking(inside, "copy", to, () => {
      if (ifAbsent) return map.create(to, whole.value, optionsOf(whole));
      storeNow(map, to, whole);
      return true;
    });
  });
}

export function rename<V>(map: Copied<V>, from: string, to: string, none?: unknown): boolean {
  if (none !== undefined)
    throw argumentError(
      "rename accepts no options, and overwrites the target. To keep an existing target, use copy with ifAbsent, and then delete.",
    );
  const inside = map[internals];
  checkKeys(inside, from, to);
  return inside.writing("rename", [from, to], () => {
    inside.settle();
    if (from === to) return map.has(from);
    const { objects } = inside;
    if (objects === undefined) throw argumentError("rename needs layers over an S3BucketMap.");
    if (inside.formats !== undefined) return objects.rename(from, to);
    return objects.renameByValue(from, to, () => {
      const whole = readOne(inside, from);
      if (whole !== undefined) taking(inside, "rename", to, () => storeNow(map, to, whole));
      return whole?.state?.version;
    });
  });
}

function checkKeys(inside: Pick<Internals<unknown>, "place">, from: string, to: string): void {
  const prefix = inside.place?.prefix ?? "";
  wholeKey(prefix, from);
  wholeKey(prefix, to);
}

function readOne<V>(inside: Internals<V>, key: string): Stored<V> | undefined {
  const failed = new Map<string, S3BucketMapError>();
  const whole = inside.read([key], failed).get(key);
  const error = failed.get(key);
  if (error !== undefined) throw error;
  return whole;
}

/** Stores a copy. It is durable when this returns, even in a batch or through a write buffer. */
function storeNow<V>(map: Copied<V>, key: string, whole: Stored<V>): void {
  const inside = map[internals];
  const store = (): unknown => map.set(key, whole.value, optionsOf(whole));
  if (inside.objects === undefined || inside.writesAreDurable()) {
    store();
    return;
  }
  try {
    inside.runBatch(store);
  } catch (error) {
    // The program copied one key, so it gets that key's own error.
    throw error instanceof PartialFailureError ? (error.failed.get(key) ?? error) : error;
  }
}

function taking<T>(
  { place }: Pick<Internals<unknown>, "place">,
  operation: string,
  key: string,
  store: () => T,
): T {
  try {
    return store();
  } catch (error) {
    throw error instanceof TypeError ? valueRefused(error, operation, place, key) : error;
  }
}

/**
 * The error for a layer of the target that does not accept a value. It is not a TypeError, because the value is not an
 * argument of the program.
 */
export function valueRefused(
  cause: TypeError,
  operation: string,
  place: Place | undefined,
  key: string,
): S3BucketMapError {
  return new S3BucketMapError(
    `The target does not accept the value of ${JSON.stringify(key)}: ${cause.message}`,
    { code: "ValueRefused", operation, bucket: place?.bucket, key: `${place?.prefix ?? ""}${key}`, cause },
  );
}

/** The options for storing a copy through layers. */
export function optionsOf({ state, contentEncoding }: Stored<unknown>): ObjectOptions {
  const { contentType, cacheControl, metadata } = state?.kept ?? {};
  const options = Object.entries({ contentType, cacheControl, metadata, contentEncoding });
  return Object.fromEntries(options.filter(([, value]) => value !== undefined));
}
