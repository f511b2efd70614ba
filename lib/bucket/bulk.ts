import type { Method } from "../bridge/operations.js";
import type { KeyFailure, ObjectHeaders, ObjectToStore } from "../bridge/protocol.js";
import type { BucketCalls } from "./bucket-calls.js";
import { listKeys } from "./paged-listing.js";
import { partialFailure, S3BucketMapError } from "../errors/errors.js";
import { MAX_KEYS_AT_ONCE, wholeKey } from "../arguments/keys.js";
import type { PartialFailureError } from "../errors/errors.js";
import type { Stored } from "../map/internals.js";
import { checkValue, toBody } from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";
import { checkedEntries, iterable } from "../map/iterables.js";

/** The values gathered so far are sent once they have this many bytes. */
const MAX_BYTES_AT_ONCE = 64 * 1024 * 1024;

/**
 * Reads the values of many keys.
 *
 * @param how - `withHeaders`: also reads what a copy keeps. `failed` receives the keys that cannot be read, each with
 * its error. Without it, a PartialFailureError is thrown
 */
export function getMany(
  calls: BucketCalls,
  keys: Iterable<string>,
  { failed, ...how }: { withHeaders?: true; failed?: Map<string, S3BucketMapError> } = {},
): Map<string, Stored<string | Buffer>> {
  const values = new Map<string, Stored<string | Buffer>>();
  const progress = new Progress(calls, "getMany", "get", "read", failed);
  for (const slice of slices(wholeKeys(calls, keys, "getMany"))) {
    progress.during(slice, () => {
      const outcomes = calls.call({ op: "getMany", keys: slice, maxBytes: calls.maxBytes, ...how });
      for (const [at, key] of slice.entries()) {
        const outcome = outcomes[at]!;
        const stored = "failure" in outcome ? outcome : outcome.read && calls.decode(outcome.read);
        if (stored !== undefined && "failure" in stored) progress.failed(key, stored.failure);
        else {
          if (stored === undefined) calls.tell(key, "unsure");
          else values.set(calls.relative(key), stored);
          progress.succeeded(key);
        }
      }
    });
  }
  if (failed === undefined) progress.check();
  return values;
}

export function setMany(
  calls: BucketCalls,
  entries: Iterable<readonly [string, string | Bytes]>,
  headersOf: (isText: boolean) => ObjectHeaders,
): void {
  calls.checkOpen("setMany");
  const headers = { text: headersOf(true), bytes: headersOf(false) };
  // The program may change the bytes while other values are sent, or while it produces the next entry. S3 must not get the change.
  const canChange = calls.shared.settings.wait !== "atomics" || !Array.isArray(entries);
  const values = new Map<string, string | Bytes>();
  for (const [key, value] of checkedEntries(entries)) {
    const whole = wholeKey(calls.prefix, key);
    checkValue(value, whole);
    values.set(whole, canChange && typeof value !== "string" ? toBody(value, whole) : value);
  }
  const progress = new Progress(calls, "setMany", "set", "written");
  let objects: ObjectToStore[] = [];
  let bytes = 0;
  const send = (): void => {
    const slice = objects;
    const keys = slice.map(({ key }) => key);
    writeSlice(calls, keys, "set", progress, () => calls.call({ op: "setMany", objects: slice }));
    objects = [];
    bytes = 0;
  };
  // Other values are copied only when they are sent. Copies of all of them at once could exhaust the memory.
  for (const [key, value] of values) {
    const body = canChange && typeof value !== "string" ? (value as Uint8Array) : toBody(value, key);
    objects.push({ key, body, headers: typeof value === "string" ? headers.text : headers.bytes });
    bytes += body.length;
    if (objects.length >= MAX_KEYS_AT_ONCE || bytes >= MAX_BYTES_AT_ONCE) send();
  }
  if (objects.length > 0) send();
  progress.check();
}

export function deleteMany(calls: BucketCalls, keys: Iterable<string>): void {
  const progress = new Progress(calls, "deleteMany", "delete", "deleted");
  deleteAll(calls, wholeKeys(calls, keys, "deleteMany"), progress);
}

/** Deletes the keys that still have their ETags. Keeping the others is not a failure. */
export function removeMany(calls: BucketCalls, etags: ReadonlyMap<string, string>): string[] {
  const progress = new Progress(calls, "deleteMany", "delete", "deleted");
  const removed: string[] = [];
  const all = Array.from(etags, ([key, etag]) => ({
    key: wholeKey(calls.prefix, key),
    etag: etag.replaceAll('"', ""),
  }));
  for (const slice of slices(all)) {
    const keys = slice.map(({ key }) => key);
    for (const key of keys) calls.tell(key, "unsure");
    progress.during(keys, () => {
      const outcomes = calls.call({ op: "removeMany", versions: slice, prefix: calls.prefix }, "deleteMany");
      const [first] = outcomes;
      // The service does not support the condition at all, so no key can be deleted.
      if (first !== undefined && "failure" in first && first.failure.code === "ConditionsUnsupported")
        throw calls.error(first.failure, "deleteMany");
      for (const [at, outcome] of outcomes.entries()) {
        const key = keys[at]!;
        if ("failure" in outcome) progress.failed(key, outcome.failure);
        else progress.succeeded(key);
        if (!("verdict" in outcome) || outcome.verdict !== "done") continue;
        calls.wrote(key, "deleted");
        removed.push(calls.relative(key));
      }
    });
  }
  progress.check();
  return removed;
}

export function clear(calls: BucketCalls): void {
  const progress = new Progress(calls, "clear", "delete", "deleted");
  // All keys are listed before any is deleted. A wrong listing then deletes nothing. Besides, a listing from which keys
  // vanish meanwhile cannot be trusted.
  const all: string[] = [];
  for (const { keys } of listKeys(calls, {}, "clear")) for (const key of keys) all.push(key);
  deleteAll(calls, all, progress);
}

/** Deletes or writes a slice of the keys. */
function writeSlice(
  calls: BucketCalls,
  keys: string[],
  write: "set" | "deleted",
  progress: Progress,
  send: () => KeyFailure[],
): void {
  for (const key of keys) calls.tell(key, "unsure");
  progress.during(keys, () => {
    const failures = new Map(send().map(({ key, failure }) => [key, failure]));
    for (const key of keys) {
      const failure = failures.get(key);
      if (failure !== undefined) progress.failed(key, failure);
      else {
        calls.wrote(key, write);
        progress.succeeded(key);
      }
    }
  });
}

function deleteAll(calls: BucketCalls, all: readonly string[], progress: Progress): void {
  for (const keys of slices(all))
    writeSlice(calls, keys, "deleted", progress, () =>
      calls.call({ op: "deleteMany", keys }, progress.operation),
    );
  progress.check();
}

/** Collects the keys of a call on many keys: those that succeeded and those that failed. */
export class Progress {
  readonly operation: Method;
  readonly #calls: BucketCalls;
  readonly #each: Method;
  readonly #done: string;
  readonly #succeeded: string[] = [];
  readonly #failed: Map<string, S3BucketMapError>;

  /**
   * @param each - the method for the error of a single key
   * @param done - the participle in "three keys were …"
   * @param failed - receives the keys that failed
   */
  constructor(
    calls: BucketCalls,
    operation: Method,
    each: Method,
    done: string,
    failed: Map<string, S3BucketMapError> = new Map<string, S3BucketMapError>(),
  ) {
    this.#failed = failed;
    this.#calls = calls;
    this.operation = operation;
    this.#each = each;
    this.#done = done;
  }

  succeeded(key: string): void {
    this.#succeeded.push(this.#calls.relative(key));
  }

  failed(key: string, failure: Parameters<BucketCalls["error"]>[0], each: Method = this.#each): void {
    this.#failed.set(this.#calls.relative(key), this.#calls.error(failure, each, key));
  }

  /**
   * Processes a slice of the keys. If the call throws before any key has succeeded, its error is thrown. Otherwise it
   * becomes the error of each key of the slice.
   */
  during(keys: readonly string[], run: () => void): void {
    try {
      run();
    } catch (error) {
      if (this.#succeeded.length === 0 || !(error instanceof S3BucketMapError)) throw error;
      for (const key of keys) this.#failed.set(this.#calls.relative(key), error);
    }
  }

  /** @throws PartialFailureError if any key failed */
  check(): void {
    const error = this.error();
    if (error !== undefined) throw error;
  }

  error(): PartialFailureError | undefined {
    const { bucket } = this.#calls;
    const what = [`keys in bucket ${JSON.stringify(bucket)}`, this.#done] as const;
    return partialFailure(this.operation, bucket, what, this.#succeeded, this.#failed);
  }
}

function wholeKeys(calls: BucketCalls, keys: Iterable<string>, operation: Method): string[] {
  calls.checkOpen(operation);
  const whole = new Set<string>();
  for (const key of iterable(keys, `${operation} requires an iterable of keys`)) {
    whole.add(wholeKey(calls.prefix, key));
  }
  return [...whole];
}

/** Groups of at most as many as one call accepts. */
export function* slices<T>(all: readonly T[]): Generator<T[], void, undefined> {
  for (let from = 0; from < all.length; from += MAX_KEYS_AT_ONCE)
    yield all.slice(from, from + MAX_KEYS_AT_ONCE);
}
