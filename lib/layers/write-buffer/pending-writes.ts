import { clearTimeout, setTimeout } from "node:timers";
import { exit, failAtExit } from "../../copies/at-exit.js";
import { partialFailure, S3BucketMapError } from "../../errors/errors.js";
import type { Internals, Prepared, Sending } from "../../map/internals.js";
import { PAGE } from "../../map/page.js";

/** From this many bytes on, a group of writes goes out. */
const MAX_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** How long after a use the buffer looks by itself whether more can be sent. */
const LOOK_AGAIN_MS = 10;

/** What becomes of a write. */
interface Outcome {
  readonly key: string;
  error?: S3BucketMapError;
  /** Its key was written again: what became of this value is of no matter. */
  isOutdated?: true;
}

/** A write that is not known to be durable. */
export interface Pending {
  readonly key: string;
  readonly write: Prepared<unknown>;
  /** What it is sent through. */
  readonly through: Pick<Internals<unknown>, "send">;
  readonly outcome: Outcome;
}

/**
 * The writes of a write buffer and its sub-maps that are not durable yet, by their keys in the whole buffer. One group is
 * under way at a time, and the next, of what came meanwhile, begins when it is done.
 */
export class PendingWrites {
  readonly #limits: { max: number; maxBytes: number };
  readonly #pending: Map<string, Pending> = new Map();
  /** What failed, was thrown by a call that waited, and is yet to be thrown by a flush. */
  readonly #owed: Map<string, Outcome> = new Map();
  readonly #atExit = (): void => this.#flushAtExit();
  #bytes = 0;
  #underWay: { group: Pending[]; sending: Sending } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: { max: number; maxBytes: number }) {
    this.#limits = limits;
  }

  get(key: string): Pending | undefined {
    return this.#pending.get(key);
  }

  /** @throws PartialFailureError where there is no room because of writes that failed */
  add(writes: readonly Pending[]): void {
    for (const pending of writes) {
      const before = this.#pending.get(pending.key);
      for (const outcome of [before?.outcome, this.#owed.get(pending.key)]) {
        if (outcome !== undefined) outcome.isOutdated = true;
      }
      this.#owed.delete(pending.key);
      this.#remove(before);
      this.#pending.set(pending.key, pending);
      this.#bytes += pending.write.bytes;
    }
    if (exit().hasBegun) return this.flush();
    exit().tasks.add(this.#atExit);
    this.#advance();
    while (this.#isFull() && this.#underWay !== undefined) {
      this.#finish();
      this.#advance();
    }
    if (this.#isFull()) this.flush();
  }

  /**
   * Waits until all is durable, for the program, which asks: what failed since the last flush is thrown even if another call threw
   * it before. A callback in a `deasync` wait may have caught it there.
   *
   * @throws PartialFailureError for what is not durable; it is dropped
   */
  flush(): void {
    this.#end(true);
  }

  /** Waits until all is durable, for a call that needs it. @throws PartialFailureError for what is not; it is dropped */
  wait(): void {
    this.#end(false);
  }

  #end(isFlush: boolean): void {
    const concerned = (): Outcome[] => [
      ...(isFlush ? this.#owed.values() : []),
      ...[...this.#pending.values()].map(({ outcome }) => outcome),
    ];
    const before = concerned();
    for (;;) {
      this.#advance();
      if (this.#underWay === undefined) break;
      this.#finish();
    }
    // Those of before, too: what a callback during the wait has dropped is as little durable.
    const ended = new Set([...before, ...concerned()]);
    if (isFlush) this.#owed.clear();
    const failed = new Map<string, S3BucketMapError>();
    for (const outcome of ended) {
      if (outcome.error === undefined || outcome.isOutdated === true) continue;
      failed.set(outcome.key, outcome.error);
      if (!isFlush) this.#owed.set(outcome.key, outcome);
      const pending = this.#pending.get(outcome.key);
      if (pending?.outcome === outcome) this.#remove(pending);
    }
    this.#settle();
    const succeeded = [...new Set([...ended].map(({ key }) => key))].filter((key) => !failed.has(key));
    const [first] = failed.values();
    const what = ["writes in the buffer", "stored"] as const;
    const advice = " What failed is no longer in the buffer.";
    const error = partialFailure("flush", first?.bucket, what, succeeded, failed, advice);
    if (error !== undefined) throw error;
  }

  #isFull(): boolean {
    return this.#pending.size > this.#limits.max || this.#bytes > this.#limits.maxBytes;
  }

  // Takes in what has ended, and sends what has not been sent, unless something is under way.
  #advance(): void {
    if (this.#underWay?.sending.isDone() === true) this.#finish();
    if (this.#underWay === undefined) this.#send();
    this.#lookAgain();
  }

  #send(): void {
    const group: Pending[] = [];
    let bytes = 0;
    for (const pending of this.#pending.values()) {
      if (pending.outcome.error !== undefined) continue;
      bytes += pending.write.bytes;
      if (group.push(pending) === PAGE || bytes >= MAX_BYTES_AT_ONCE) break;
    }
    const [first] = group;
    if (first === undefined) return this.#settle();
    try {
      this.#underWay = { group, sending: first.through.send(group.map(({ write }) => write)) };
    } catch (error) {
      // The map beneath was closed. It is told at the flush, not to whoever's turn it is now.
      if (!(error instanceof S3BucketMapError)) throw error;
      for (const { outcome } of group) outcome.error = error;
    }
  }

  #finish(): void {
    const { group, sending } = this.#underWay!;
    const failed = sending.finish();
    // A callback during a `deasync` wait may have finished it first.
    if (this.#underWay?.sending !== sending) return;
    this.#underWay = undefined;
    for (const pending of group) {
      // Written again meanwhile: what became of the older value is of no matter.
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
    if (this.#pending.size > 0 || this.#underWay !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    exit().tasks.delete(this.#atExit);
  }

  #lookAgain(): void {
    if (this.#underWay === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, LOOK_AGAIN_MS).unref();
  }

  #flushAtExit(): void {
    try {
      // What another call has thrown, the program has been told.
      this.wait();
    } catch (error) {
      failAtExit("writeBuffer", error as Error);
    }
  }
}
