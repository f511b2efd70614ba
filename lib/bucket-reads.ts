import type { BucketCalls } from "./bucket-calls.js";
import type { ObjectHeaders } from "./bridge/protocol.js";
import { update } from "./conditional-writes.js";
import { objectHeaders } from "./method-options.js";
import { getMany } from "./bulk.js";
import { wholeKey } from "./keys.js";
import { unchanged } from "./stored.js";
import type { Stored, StoredReads } from "./stored.js";
import type { ListOptions, ObjectOptions, SyncMap } from "./sync-map.js";

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

/** How layers read a bucket. */
export class BucketReads implements StoredReads<string | Buffer> {
  readonly #map: Pick<SyncMap<unknown>, "keys">;
  readonly #calls: BucketCalls;

  constructor(map: Pick<SyncMap<unknown>, "keys">, calls: BucketCalls) {
    this.#map = map;
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

  *entries(options?: ListOptions): IterableIterator<[string, Stored<string | Buffer>]> {
    for (const key of this.#map.keys(options)) {
      const stored = this.get(key);
      // It was deleted since the listing.
      if (stored !== undefined) yield [key, stored];
    }
  }

  update(
    key: string,
    change: (stored: Stored<string | Buffer> | undefined) => string | Buffer | undefined,
    options?: ObjectOptions,
  ): string | Buffer | undefined {
    const whole = wholeKey(this.#calls.prefix, key);
    const headersOf = (isText: boolean): ObjectHeaders => objectHeaders(options, isText, "update");
    headersOf(true); // Wrong ones are to be told before anything is sent.
    return update(this.#calls, whole, change, headersOf) as string | Buffer | undefined;
  }
}
