import { clearTimeout, setTimeout } from "node:timers";
import { exit, failAtExit } from "../../global/at-exit.js";
import { partialFailure, S3BucketMapError } from "../../errors/errors.js";
import type { Internals, Prepared, Sending } from "../../map/internals.js";
import { MAX_KEYS_AT_ONCE } from "../../arguments/keys.js";

/** A group of writes is complete when it has this many bytes. */
const MAX_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** How often the buffer checks, while the event loop runs, whether more can be sent. */
const CHECK_MS = 10;

/** The outcome of a write. */
interface Outcome {
  readonly key: string;
  error?: S3BucketMapError;
  /** The key was written again, so this outcome no longer matters. */
  isOutdated?: true;
}

/** A write that may not be durable yet. */
export interface Pending {
  readonly key: string;
  readonly write: Prepared<unknown>;
  /** The internals that send it. */
  readonly through: Pick<Internals<unknown>, "send">;
  readonly outcome: Outcome;
}

/**
 * The pending writes of a write buffer and its sub-maps, by their keys in the whole buffer. One group is in flight at a
 * time. Writes made in the meantime form the next group.
 */
export class PendingWrites {
  readonly #limits: { max: number; maxBytes: number };
  readonly #pending: Map<string, Pending> = new Map();
  /** Failures that a call has thrown, and that the next flush will throw again. */
  readonly #thrownOnce: Map<string, Outcome> = new Map();
  /** The outcomes in errors that were thrown inside each running batch. The end of the batch lists them again. */
  readonly #batches: Set<Map<string, Outcome>> = new Set();
  readonly #atExit = (): void => this.#flushAtExit();
  #bytes = 0;
  #inFlight: { group: Pending[]; sending: Sending } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: { max: number; maxBytes: number }) {
    this.#limits = limits;
  }

  get(key: string): Pending | undefined {
    return this.#pending.get(key);
  }

  /** @throws PartialFailureError if the buffer is full, and writes in it have failed */
  add(writes: readonly Pending[]): void {
    for (const pending of writes) {
      const before = this.#pending.get(pending.key);
      if (before !== undefined) before.outcome.isOutdated = true;
      this.written(pending.key);
      this.#remove(before);
      this.#pending.set(pending.key, pending);
      this.#bytes += pending.write.bytes;
    }
    if (exit().hasBegun) return this.wait();
    exit().tasks.add(this.#atExit);
    this.#advance();
    let hasWaited = false;
    while (this.#isFull() && this.#inFlight !== undefined) {
      this.#finish();
      this.#advance();
      hasWaited = true;
    }
    if (this.#isFull() || (hasWaited && this.#hasFailures)) this.wait();
  }

  /** The key is written again. An earlier failure to write it no longer matters. */
  written(key: string): void {
    for (const outcomes of [this.#thrownOnce, ...this.#batches]) {
      const outcome = outcomes.get(key);
      if (outcome !== undefined) outcome.isOutdated = true;
      outcomes.delete(key);
    }
  }

  /**
   * Waits for all writes, because the program asks for it. Failures that another call has thrown are thrown again,
   * because that call may have been in a callback during a deasync wait.
   *
   * @throws PartialFailureError for all writes that failed since the last flush. They are dropped from the buffer
   */
  flush(): void {
    this.#end(true);
  }

  /** Begins a batch. Its end throws again what any call has thrown in the meantime. */
  beginBatch(): Map<string, Outcome> {
    const outcomes = new Map<string, Outcome>();
    this.#batches.add(outcomes);
    return outcomes;
  }

  endBatch(outcomes: Map<string, Outcome>): void {
    this.#batches.delete(outcomes);
    this.#end(true, outcomes);
  }

  /**
   * Waits for all writes, because a call needs it. @throws PartialFailureError for those that failed. They are dropped
   */
  wait(): void {
    this.#end(false);
  }

  #end(isFlush: boolean, batch = new Map<string, Outcome>()): void {
    const concerned = (): Outcome[] => [
      ...batch.values(),
      ...(isFlush ? this.#thrownOnce.values() : []),
      ...[...this.#pending.values()].map(({ outcome }) => outcome),
    ];
    const before = concerned();
    for (;;) {
      this.#advance();
      if (this.#inFlight === undefined) break;
      this.#finish();
    }
    // This includes those that a callback during the wait has dropped, because they are not durable either.
    const ended = new Set([...before, ...concerned()]);
    if (isFlush) this.#thrownOnce.clear();
    const failed = new Map<string, S3BucketMapError>();
    for (const outcome of ended) {
      if (outcome.error === undefined || outcome.isOutdated === true) continue;
      failed.set(outcome.key, outcome.error);
      if (!isFlush) this.#thrownOnce.set(outcome.key, outcome);
      const pending = this.#pending.get(outcome.key);
      if (pending?.outcome === outcome) this.#remove(pending);
    }
    if (failed.size > 0) {
      // Also those that succeeded, because the error lists them.
      for (const outcomes of this.#batches) for (const outcome of ended) outcomes.set(outcome.key, outcome);
    }
    this.#settle();
    const succeeded = [...new Set([...ended].map(({ key }) => key))].filter((key) => !failed.has(key));
    const [first] = failed.values();
    const what = ["writes in the buffer", "stored"] as const;
    const advice = " The writes that failed are no longer in the buffer.";
    const error = partialFailure("flush", first?.bucket, what, succeeded, failed, advice);
    if (error !== undefined) throw error;
  }

  get #hasFailures(): boolean {
    return [...this.#pending.values()].some(({ outcome }) => outcome.error !== undefined);
  }

  #isFull(): boolean {
    return this.#pending.size > this.#limits.max || this.#bytes > this.#limits.maxBytes;
  }

  // Collects the results of a group that is done, and sends the next group.
  #advance(): void {
    if (this.#inFlight?.sending.isDone() === true) this.#finish();
    if (this.#inFlight === undefined) this.#send();
    this.#checkLater();
  }

  #send(): void {
    const group: Pending[] = [];
    let bytes = 0;
    for (const pending of this.#pending.values()) {
      if (pending.outcome.error !== undefined) continue;
      bytes += pending.write.bytes;
      if (group.push(pending) === MAX_KEYS_AT_ONCE || bytes >= MAX_BYTES_AT_ONCE) break;
    }
    const [first] = group;
    if (first === undefined) return this.#settle();
    try {
      this.#inFlight = { group, sending: first.through.send(group.map(({ write }) => write)) };
    } catch (error) {
      // The base was closed. The next flush throws this error, because the current call may be about another key.
      if (!(error instanceof S3BucketMapError)) throw error;
      for (const { outcome } of group) outcome.error = error;
    }
  }

  #finish(): void {
    const { group, sending } = this.#inFlight!;
    const failed = sending.finish();
    // A callback during a `deasync` wait may have finished it first.
    if (this.#inFlight?.sending !== sending) return;
    this.#inFlight = undefined;
    for (const pending of group) {
      // The key was written again in the meantime.
      if (this.#pending.get(pending.key) !== pending) continue;
      const error = failed.get(pending.write.key);
      if (error === undefined) this.#remove(pending);
      else pending.outcome.error = error;
    }
    this.#settle();
  }

  #remove(pending: Pending | undefined): void {
    if (pending === undefined) return;
    this.#pending.delete(pending.key);
    this.#bytes -= pending.write.bytes;
  }

  #settle(): void {
    if (this.#pending.size > 0 || this.#inFlight !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    exit().tasks.delete(this.#atExit);
  }

  #checkLater(): void {
    if (this.#inFlight === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, CHECK_MS).unref();
  }

  #flushAtExit(): void {
    try {
      // Not a flush, because failures that were thrown before need not be printed.
      this.wait();
    } catch (error) {
      failAtExit("writeBuffer", error as Error);
    }
  }
}
