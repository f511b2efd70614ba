import { partialFailure, PartialFailureError } from "../../errors/errors.js";
import type { S3BucketMapError } from "../../errors/errors.js";

/** Which edits of a batch were stored, and which failed. The keys are relative to the map of the batch. */
export class Report {
  readonly failed: Map<string, S3BucketMapError> = new Map();
  readonly #bucket: string | undefined;
  /** The keys that were stored, at the end of the batch and before. */
  readonly #stored: () => string[];

  constructor(bucket: string | undefined, stored: () => string[]) {
    this.#bucket = bucket;
    this.#stored = stored;
  }

  /** @param others - keys that were written as a whole */
  error(others: readonly string[] = []): PartialFailureError | undefined {
    return this.#errorOf(new Set([...others, ...this.#stored()]), this.failed);
  }

  /**
   * Runs the batch of the base, and throws its failures together with those of the edits.
   *
   * @param sent - returns the keys that were written as a whole. Called when the batch has finished
   */
  run<T>(batch: () => T, sent: () => string[]): T {
    let value: T;
    try {
      value = batch();
    } catch (thrown) {
      throw this.#with(thrown);
    }
    const error = this.error(sent());
    if (error === undefined) return value;
    throw error;
  }

  #with(thrown: unknown): unknown {
    const edits = this.error();
    if (edits === undefined) return thrown;
    if (!(thrown instanceof PartialFailureError)) {
      return new AggregateError(
        [thrown, edits],
        `The function of the batch threw, and not all of its edits were stored: ${edits.message}`,
      );
    }
    const failed = new Map([...thrown.failed, ...this.failed]);
    return this.#errorOf(new Set([...thrown.succeeded, ...this.#stored()]), failed);
  }

  #errorOf(
    written: ReadonlySet<string>,
    failed: ReadonlyMap<string, S3BucketMapError>,
  ): PartialFailureError | undefined {
    const succeeded = [...written].filter((key) => !failed.has(key));
    return partialFailure("batch", this.#bucket, ["keys", "written"], succeeded, failed);
  }
}
