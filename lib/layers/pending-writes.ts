import fs from "node:fs";
import { clearTimeout, setTimeout } from "node:timers";
import type { BackgroundWrites, Prepared, Sending } from "../background.js";
import { PartialFailureError, S3BucketMapError } from "../errors.js";

/** How many go out together. */
const MAX_AT_ONCE = 1000;
const MAX_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** How long after a use the buffer looks by itself whether more can be sent. */
const LOOK_AGAIN_MS = 10;

/** A write that is not known to be durable. */
export interface Pending {
  readonly key: string;
  readonly write: Prepared<unknown>;
  readonly through: BackgroundWrites<never>;
  error?: S3BucketMapError;
}

// Buffers with something in them: what is left at the end of the program is written then.
const unflushed = new Set<PendingWrites>();

/**
 * The writes of a write buffer and its sub-maps that are not durable yet, by their keys in the whole buffer. One group is
 * under way at a time, and the next, of what came meanwhile, begins when it is done.
 */
export class PendingWrites {
  readonly #limits: { max: number; maxBytes: number };
  readonly #pending: Map<string, Pending> = new Map();
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
      this.#remove(this.#pending.get(pending.key));
      this.#pending.set(pending.key, pending);
      this.#bytes += pending.write.bytes;
    }
    if (unflushed.size === 0) process.on("exit", flushAll);
    unflushed.add(this);
    this.#advance();
    while (this.#isFull() && this.#underWay !== undefined) {
      this.#finish();
      this.#advance();
    }
    if (this.#isFull()) this.flush();
  }

  /** Waits until all is durable. @throws PartialFailureError for what is not; it is dropped */
  flush(): void {
    const all = [...this.#pending.keys()];
    for (;;) {
      this.#advance();
      if (this.#underWay === undefined) break;
      this.#finish();
    }
    const failed = [...this.#pending.values()];
    for (const pending of failed) this.#remove(pending);
    this.#settle();
    const [first] = failed;
    if (first === undefined) return;
    const failedKeys = new Set(failed.map(({ key }) => key));
    throw new PartialFailureError(
      `Of ${all.length} writes in the buffer ${failed.length} failed; the first: ${first.error!.message} ` +
        "The error's succeeded and failed name them all; what failed is no longer in the buffer.",
      { code: "PartialFailure", operation: "flush", bucket: first.error!.bucket, cause: first.error },
      all.filter((key) => !failedKeys.has(key)),
      new Map(failed.map(({ key, error }) => [key, error!])),
    );
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
      if (pending.error !== undefined) continue;
      bytes += pending.write.bytes;
      if (group.push(pending) === MAX_AT_ONCE || bytes >= MAX_BYTES_AT_ONCE) break;
    }
    const [first] = group;
    if (first === undefined) return this.#settle();
    try {
      this.#underWay = { group, sending: first.through.send(group.map(({ write }) => write)) };
    } catch (error) {
      // The map beneath was closed. It is told at the flush, not to whoever's turn it is now.
      if (!(error instanceof S3BucketMapError)) throw error;
      for (const pending of group) pending.error = error;
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
      else pending.error = error;
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
    unflushed.delete(this);
    if (unflushed.size === 0) process.off("exit", flushAll);
  }

  #lookAgain(): void {
    if (this.#underWay === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, LOOK_AGAIN_MS).unref();
  }
}

function flushAll(): void {
  for (const pending of unflushed) {
    try {
      pending.flush();
    } catch (error) {
      fs.writeSync(2, `s3bucketmap: writeBuffer at exit: ${(error as Error).message}\n`);
      process.exitCode ||= 1;
    }
  }
}
