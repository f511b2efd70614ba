import { partialFailure } from "../../errors/errors.js";
import type { S3BucketMapError, PartialFailureError } from "../../errors/errors.js";
import type { Batch } from "./batches.js";

/** What a batch reports to the map that it was called on. Keys are relative to that map. */
export class BatchErrors {
  readonly #batch: Batch;
  readonly #prefix: string;
  readonly #bucket: string | undefined;

  constructor(batch: Batch, prefix: string, bucket: string | undefined) {
    this.#batch = batch;
    this.#prefix = prefix;
    this.#bucket = bucket;
  }

  /** The failures of the edits. Undefined if there are none. */
  get ofEdits(): PartialFailureError | undefined {
    return this.#together([], new Map());
  }

  /** The same, for a batch whose base has stored all keys that were written as a whole. */
  get ofEditsAlone(): PartialFailureError | undefined {
    return this.#together(this.#mine(this.#batch.sent), new Map());
  }

  /** The error of the base's batch, with the outcome of the edits. */
  withEdits(error: PartialFailureError): unknown {
    const { stored, failed } = this.#batch;
    if (stored.size === 0 && failed.size === 0) return error;
    return this.#together(error.succeeded, error.failed);
  }

  /** What the function of the batch has thrown, with the failures of the edits. */
  besidesEdits(thrown: unknown): unknown {
    const edits = this.ofEdits;
    if (edits === undefined) return thrown;
    // A call inside the batch has thrown one of these failures.
    if ([...edits.failed.values()].some((error) => error === thrown)) return edits;
    return new AggregateError(
      [thrown, edits],
      `The function of the batch threw, and not all of its edits were stored: ${edits.message}`,
    );
  }

  /** @param written - keys that were written as a whole @param failed - the failures of such writes */
  #together(
    written: readonly string[],
    failed: PartialFailureError["failed"],
  ): PartialFailureError | undefined {
    const lost = this.#batch.failed;
    const edits = this.#mine(lost.keys()).map((key) => [key, lost.get(this.#prefix + key)!.error] as const);
    const allFailed = new Map<string, S3BucketMapError>([...failed, ...edits]);
    const succeeded = new Set([...written, ...this.#mine(this.#batch.stored)]);
    for (const key of allFailed.keys()) succeeded.delete(key);
    return partialFailure("batch", this.#bucket, ["keys", "written"], [...succeeded], allFailed);
  }

  #mine(wholes: Iterable<string>): string[] {
    return keysUnder(this.#prefix, wholes);
  }
}

/** The keys that begin with a prefix, without it. */
export function keysUnder(prefix: string, wholes: Iterable<string>): string[] {
  return [...wholes].filter((whole) => whole.startsWith(prefix)).map((whole) => whole.slice(prefix.length));
}
