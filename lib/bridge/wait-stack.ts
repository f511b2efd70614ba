import type { Wait, WaitName } from "./wait.js";
import type { WorkerThread } from "./worker-thread.js";

/** Deeper than about 300 the process aborts natively. */
const maxDepth = 64;

// The name by which a wait is found on the JavaScript stack; a minifier cannot change it.
const mark = "s3bucketmap:wait";

/**
 * Which calls are waiting, the innermost last. With the `deasync` wait a timer's callback may call from
 * within a call's wait. A call that Ctrl-C interrupted is still listed here, for nothing told us; it is
 * recognised by its absence from the JavaScript stack, and is then abandoned.
 */
export class WaitStack {
  readonly #waiting: { id: number; wait: WaitName }[] = [];

  get isFull(): boolean {
    return this.#waiting.length >= maxDepth;
  }

  push(id: number, wait: WaitName): void {
    this.#waiting.push({ id, wait });
  }

  pop(id: number): void {
    const at = this.#waiting.findLastIndex((waiting) => waiting.id === id);
    if (at !== -1) this.#waiting.length = at;
  }

  /** Waits, in a frame that {@link takeAbandoned} recognises. */
  run(wait: Wait, thread: WorkerThread, settled: () => boolean, deadline: number): void {
    markedFrame(wait, thread, settled, deadline);
  }

  /** Forgets the calls that no longer wait although nobody ended them, and gives their ids. */
  takeAbandoned(): number[] {
    if (this.#waiting.length === 0) return [];
    // Nothing runs during an `atomics` wait, so one that is not over was interrupted, and with it all
    // that waited inside it.
    const blocked = this.#waiting.findIndex(({ wait }) => wait === "atomics");
    const onStack = countMarkedFrames();
    const alive = blocked === -1 ? onStack : Math.min(blocked, onStack);
    return this.#waiting.splice(alive).map(({ id }) => id);
  }
}

const markedFrame = (wait: Wait, thread: WorkerThread, settled: () => boolean, deadline: number): void =>
  wait(thread, settled, deadline);
Object.defineProperty(markedFrame, "name", { value: mark });

function countMarkedFrames(): number {
  const limit = Error.stackTraceLimit;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- only put back where it was
  const prepare = Error.prepareStackTrace;
  Error.stackTraceLimit = Infinity;
  Error.prepareStackTrace = (_error, frames) =>
    frames.reduce((count, frame) => count + (frame.getFunctionName() === mark ? 1 : 0), 0);
  const count = new Error().stack as unknown as number;
  Error.stackTraceLimit = limit;
  Error.prepareStackTrace = prepare;
  return count;
}
