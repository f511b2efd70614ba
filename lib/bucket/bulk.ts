import type { Method } from "../bridge/operations.js";
import type { ObjectHeaders, ObjectToStore } from "../bridge/protocol.js";
import type { BucketCalls } from "./bucket-calls.js";
import { PAGE } from "../map/page.js";
import { partialFailure, S3BucketMapError } from "../errors/errors.js";
import { wholeKey } from "../arguments/keys.js";
import type { PartialFailureError } from "../errors/errors.js";
import type { Stored } from "../map/internals.js";
import { checkValue, toBody } from "../arguments/values.js";
import type { Bytes } from "../arguments/values.js";
import { entriesOf, iterable } from "../map/iterables.js";

/** From so many bytes of bodies on, what has been gathered goes to the worker. */
const MAX_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** The values of those keys that are there. */
export function getMany(calls: BucketCalls, keys: Iterable<string>): Map<string, Stored<string | Buffer>> {
  const values = new Map<string, Stored<string | Buffer>>();
  const progress = new Progress(calls, "getMany", "get", "read");
  for (const slice of slices(wholeKeys(calls, keys, "getMany"))) {
    progress.during(slice, () => {
      const outcomes = calls.call({ op: "getMany", keys: slice, maxBytes: calls.maxBytes });
      for (const [at, key] of slice.entries()) {
        const outcome = outcomes[at]!;
        const stored = "failure" in outcome ? outcome : outcome.read && calls.decode(outcome.read);
        if (stored !== undefined && "failure" in stored) progress.failed(key, stored.failure);
        else {
          if (stored === undefined) calls.sawNone(key);
          else values.set(calls.relative(key), stored);
          progress.succeeded(key);
        }
      }
    });
  }
  progress.check();
  return values;
}

/** Stores many values; of a key that comes twice, the last one. */
export function setMany(
  calls: BucketCalls,
  entries: Iterable<readonly [string, string | Bytes]>,
  headersOf: (isText: boolean) => ObjectHeaders,
): void {
  calls.checkOpen("setMany");
  const headers = { text: headersOf(true), bytes: headersOf(false) };
  // What the program does to its bytes while others of them are sent, or the next entry is made, must not reach S3.
  const canChange = calls.shared.settings.wait === "deasync" || !Array.isArray(entries);
  const values = new Map<string, string | Bytes>();
  for (const [key, value] of entriesOf(entries)) {
    const whole = wholeKey(calls.prefix, key);
    checkValue(value);
    values.set(whole, canChange && typeof value !== "string" ? toBody(value) : value);
  }
  const progress = new Progress(calls, "setMany", "set", "written");
  let objects: ObjectToStore[] = [];
  let bytes = 0;
  const send = (): void => {
    storeSlice(calls, objects, progress);
    objects = [];
    bytes = 0;
  };
  // Bodies are made as they are sent: copies of all of them at once could be too much for the memory.
  for (const [key, value] of values) {
    const body = canChange && typeof value !== "string" ? (value as Uint8Array) : toBody(value);
    objects.push({ key, body, headers: typeof value === "string" ? headers.text : headers.bytes });
    bytes += body.length;
    if (objects.length >= PAGE || bytes >= MAX_BYTES_AT_ONCE) send();
  }
  if (objects.length > 0) send();
  progress.check();
}

/** Makes sure that many keys are gone. */
export function deleteMany(calls: BucketCalls, keys: Iterable<string>): void {
  const progress = new Progress(calls, "deleteMany", "delete", "deleted");
  for (const slice of slices(wholeKeys(calls, keys, "deleteMany"))) deleteSlice(calls, slice, progress);
  progress.check();
}

/** Makes sure that all keys of the map are gone. */
export function clear(calls: BucketCalls): void {
  const progress = new Progress(calls, "clear", "delete", "deleted");
  // All are listed first: a listing that cannot be trusted deletes nothing, and one whose keys vanish meanwhile is none.
  const all: string[] = [];
  for (const { keys } of calls.pages({}, "clear")) for (const key of keys) all.push(key);
  for (const slice of slices(all)) deleteSlice(calls, slice, progress);
  progress.check();
}

function storeSlice(calls: BucketCalls, objects: ObjectToStore[], progress: Progress): void {
  const keys = objects.map(({ key }) => key);
  for (const key of keys) calls.tell(key, "unsure");
  progress.during(keys, () => {
    const failures = new Map(
      calls.call({ op: "setMany", objects }).map(({ key, failure }) => [key, failure]),
    );
    for (const key of keys) {
      const failure = failures.get(key);
      if (failure === undefined) calls.tell(key, "set");
      if (failure === undefined) progress.succeeded(key);
      else progress.failed(key, failure);
    }
  });
}

function deleteSlice(calls: BucketCalls, keys: string[], progress: Progress): void {
  for (const key of keys) calls.tell(key, "unsure");
  progress.during(keys, () => {
    const answer = calls.call({ op: "deleteMany", keys }, progress.operation);
    const failures = new Map(answer.map(({ key, failure }) => [key, failure]));
    for (const key of keys) {
      const failure = failures.get(key);
      if (failure === undefined) calls.tell(key, "deleted");
      if (failure === undefined) progress.succeeded(key);
      else progress.failed(key, failure);
    }
  });
}

/** How a call on many keys goes, key by key. */
export class Progress {
  readonly operation: Method;
  readonly #calls: BucketCalls;
  readonly #each: Method;
  readonly #done: string;
  readonly #succeeded: string[] = [];
  readonly #failed = new Map<string, S3BucketMapError>();

  /** @param each - what is tried with each key; @param done - the same, as in "three keys were …" */
  constructor(calls: BucketCalls, operation: Method, each: Method, done: string) {
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

  /** Does something with a slice of the keys. Its error says all where it is the first; later it stands for its keys. */
  during(keys: readonly string[], run: () => void): void {
    try {
      run();
    } catch (error) {
      if (this.#succeeded.length === 0 || !(error instanceof S3BucketMapError)) throw error;
      for (const key of keys) this.#failed.set(this.#calls.relative(key), error);
    }
  }

  /** @throws PartialFailureError naming both kinds, where any key failed */
  check(): void {
    const error = this.error();
    if (error !== undefined) throw error;
  }

  /** The same, for who has more to say. */
  error(): PartialFailureError | undefined {
    const { bucket } = this.#calls;
    const what = [`keys in bucket ${JSON.stringify(bucket)}`, this.#done] as const;
    return partialFailure(this.operation, bucket, what, this.#succeeded, this.#failed);
  }
}

function wholeKeys(calls: BucketCalls, keys: Iterable<string>, operation: Method): string[] {
  calls.checkOpen(operation);
  const whole = new Set<string>();
  for (const key of iterable(keys, `${operation} takes an iterable of keys`)) {
    whole.add(wholeKey(calls.prefix, key));
  }
  return [...whole];
}

function* slices(keys: readonly string[]): Generator<string[], void, undefined> {
  for (let from = 0; from < keys.length; from += PAGE) yield keys.slice(from, from + PAGE);
}
