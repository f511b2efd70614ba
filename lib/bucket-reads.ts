import type { BucketCalls } from "./bucket-calls.js";
import type { ObjectHeaders } from "./bridge/protocol.js";
import { update } from "./conditional-writes.js";
import { checkListOptions, objectHeaders } from "./method-options.js";
import { getMany } from "./bulk.js";
import { wholeKey } from "./keys.js";
import { unchanged } from "./stored.js";
import type { Stored, StoredReads } from "./stored.js";
import type { ListOptions, ObjectOptions } from "./sync-map.js";

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
  if (read === undefined) return undefined;
  if (read === "unchanged") return unchanged;
  const stored = calls.decode(read);
  if ("failure" in stored) throw calls.error(stored.failure, "get", whole);
  return stored;
}

/**
 * The keys with their values, in the order of the keys. 1 LIST a thousand keys, and 1 GET a value.
 *
 * @param byContract - values may be read before their turn whatever time the program takes for each
 */
export function* storedEntries(
  calls: BucketCalls,
  options: ListOptions | undefined,
  byContract: boolean,
): IterableIterator<[string, Stored<string | Buffer>]> {
  const pages = calls.pages(checkListOptions(options));
  const ahead = calls.readAhead;
  const run = ahead?.begin(byContract);
  try {
    for (const { keys, sizes } of pages) {
      if (run !== undefined) ahead!.expect({ prefix: "", keys, sizes }, run);
      for (const whole of keys) {
        const key = calls.relative(whole);
        const stored = getStored(calls, key);
        // It was deleted since the listing.
        if (stored !== undefined) yield [key, stored];
      }
    }
  } finally {
    if (run !== undefined) ahead!.leave(run);
  }
}

/** How layers read a bucket. */
export class BucketReads implements StoredReads<string | Buffer> {
  readonly #calls: BucketCalls;

  constructor(calls: BucketCalls) {
    this.#calls = calls;
  }

  get(key: string): Stored<string | Buffer> | undefined {
    return getStored(this.#calls, key);
  }

  getIfChanged(key: string, etag: string): Stored<string | Buffer> | typeof unchanged | undefined {
    return getStored(this.#calls, key, etag);
  }

  getMany(keys: Iterable<string>): Map<string, Stored<string | Buffer>> {
    return getMany(this.#calls, keys);
  }

  entries(options?: ListOptions): IterableIterator<[string, Stored<string | Buffer>]> {
    return storedEntries(this.#calls, options, true);
  }

  update(
    key: string,
    change: (stored: Stored<string | Buffer> | undefined) => string | Buffer | undefined,
    optionsFor: (stored: Stored<string | Buffer> | undefined) => ObjectOptions | undefined,
  ): string | Buffer | undefined {
    const whole = wholeKey(this.#calls.prefix, key);
    const headersOf = (stored: Stored<string | Buffer> | undefined, isText: boolean): ObjectHeaders =>
      objectHeaders(optionsFor(stored), isText, "update");
    headersOf(undefined, true); // Wrong ones are to be told before anything is sent.
    return update(this.#calls, whole, change, headersOf) as string | Buffer | undefined;
  }
}
