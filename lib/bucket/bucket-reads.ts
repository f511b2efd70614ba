import type { BucketCalls } from "./bucket-calls.js";
import { listKeys } from "./paged-listing.js";
import type { Keys } from "./paged-listing.js";
import { checkListOptions } from "../arguments/method-options.js";
import { wholeKey } from "../arguments/keys.js";
import { unchanged } from "../map/internals.js";
import type { Stored } from "../map/internals.js";
import type { ListOptions } from "../map/sync-map.js";

/** A value with its headers. 1 GET. */
export function getStored(calls: BucketCalls, key: string): Stored<string | Buffer> | undefined {
  const whole = wholeKey(calls.prefix, key);
  const reading = calls.read(whole);
  return reading === undefined ? undefined : calls.stored(reading, whole);
}

/** The same, but S3 sends the body only if the object has another ETag. 1 GET. */
export function getIfChanged(
  calls: BucketCalls,
  key: string,
  etag: string,
): Stored<string | Buffer> | typeof unchanged | undefined {
  const whole = wholeKey(calls.prefix, key);
  const reading = calls.call({ op: "get", key: whole, maxBytes: calls.maxBytes, ifNoneMatch: etag });
  if (reading === "unchanged") return unchanged;
  if (reading !== undefined) return calls.stored(reading, whole);
  calls.tell(whole, "unsure");
  return undefined;
}

/**
 * Keys and values, in the order of the keys. 1 LIST for each thousand keys, and 1 GET for each value. Values are
 * prefetched for this iterator alone, whatever time the program spends on each.
 */
export function storedEntries(
  calls: BucketCalls,
  options: ListOptions | undefined,
): IterableIterator<[string, Stored<string | Buffer>]> {
  return storedOn(listKeys(calls, checkListOptions(options)), calls);
}

function* storedOn(
  pages: Iterable<Keys>,
  calls: BucketCalls,
): IterableIterator<[string, Stored<string | Buffer>]> {
  const run = calls.beginRun();
  try {
    for (const { keys, sizes } of pages) {
      run?.expect({ prefix: "", keys, sizes });
      for (const whole of keys) {
        calls.checkRead(whole);
        const reading = run === undefined ? calls.readNow(whole) : run.read(calls);
        // Undefined if the key was deleted after it was listed.
        if (reading !== undefined) yield [calls.relative(whole), calls.stored(reading, whole)];
      }
    }
  } finally {
    run?.end();
  }
}
