import type { BucketCalls } from "./bucket-calls.js";
import type { ObjectHeaders, Page, Reading } from "../bridge/protocol.js";
import { update } from "./conditional-writes.js";
import { checkListOptions, objectHeaders } from "../arguments/method-options.js";
import { getMany } from "./bulk.js";
import { wholeKey } from "../arguments/keys.js";
import { unchanged } from "../map/internals.js";
import type { Needs, Stored, StoredReads } from "../map/internals.js";
import type { ListOptions, ObjectOptions } from "../map/sync-map.js";

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

/** How layers read a bucket. */
export class BucketReads implements StoredReads<string | Buffer> {
  readonly #calls: BucketCalls;

  constructor(calls: BucketCalls) {
    this.#calls = calls;
  }

  get(key: string): Stored<string | Buffer> | undefined {
    return getStored(this.#calls, key);
  }

  getIfChanged(
    key: string,
    etag: string,
    needs: Needs,
  ): Stored<string | Buffer> | typeof unchanged | undefined {
    return needs === "encoding" ? getStored(this.#calls, key) : getStored(this.#calls, key, etag);
  }

  getMany(keys: Iterable<string>): Map<string, Stored<string | Buffer>> {
    return getMany(this.#calls, keys);
  }

  entries(options?: ListOptions): IterableIterator<[string, Stored<string | Buffer>]> {
    return storedEntries(this.#calls, options);
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
