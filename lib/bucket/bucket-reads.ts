import type { BucketCalls } from "./bucket-calls.js";
import type { Page, Reading } from "../bridge/protocol.js";
import { checkListOptions } from "../arguments/method-options.js";
import { wholeKey } from "../arguments/keys.js";
import { unchanged } from "../map/internals.js";
import type { Stored } from "../map/internals.js";
import type { ListOptions } from "../map/sync-map.js";

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
  const read =
    etag === undefined
      ? calls.read(whole)
      : calls.call({ op: "get", key: whole, maxBytes: calls.maxBytes, ifNoneMatch: etag });
  if (etag !== undefined && read === undefined) calls.sawNone(whole);
  return read === "unchanged" ? unchanged : storedOf(calls, whole, read);
}

function storedOf(
  calls: BucketCalls,
  whole: string,
  read: Reading | undefined,
): Stored<string | Buffer> | undefined {
  if (read === undefined) return undefined;
  const stored = calls.decode(read);
  if ("failure" in stored) throw calls.error(stored.failure, "get", whole);
  return stored;
}

/**
 * The keys with their values, in the order of the keys. 1 LIST a thousand keys, and 1 GET a value. Values may be read
 * before their turn, for this iterator alone, whatever time the program takes for each.
 */
export function storedEntries(
  calls: BucketCalls,
  options: ListOptions | undefined,
): IterableIterator<[string, Stored<string | Buffer>]> {
  return storedOn(calls.pages(checkListOptions(options)), calls);
}

function* storedOn(
  pages: Iterable<Page>,
  calls: BucketCalls,
): IterableIterator<[string, Stored<string | Buffer>]> {
  const run = calls.beginRun();
  try {
    for (const { keys, sizes } of pages) {
      run?.expect({ prefix: "", keys, sizes });
      for (const whole of keys) {
        calls.checkOpen("get");
        const stored = storedOf(calls, whole, run === undefined ? calls.readNow(whole) : run.read(calls));
        // It was deleted since the listing.
        if (stored !== undefined) yield [calls.relative(whole), stored];
      }
    }
  } finally {
    run?.end();
  }
}
