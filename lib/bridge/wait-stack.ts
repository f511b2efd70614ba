import { runInNewContext } from "node:vm";
import type { WaitName } from "./wait.js";

/** Deeper than about 300 the process aborts natively. */
const maxDepth = 64;

/** The name by which a wait is found on the JavaScript stack; a minifier cannot change it. */
export const mark = "s3bucketmap:wait";

interface Waiting {
  readonly id: number;
  readonly wait: WaitName;
  readonly deadline: number;
}

/**
 * Which calls are waiting, the innermost last. With the `deasync` wait a timer's callback may call from
 * within a call's wait. A call that Ctrl-C interrupted is still listed here, for nothing told us; it is
 * recognised by its absence from the JavaScript stack, and is then abandoned.
 */
export class WaitStack {
  readonly #waiting: Waiting[] = [];

  get isFull(): boolean {
    return this.#waiting.length >= maxDepth;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  /** Waits, in a frame that {@link takeAbandoned} recognises. */
  run(waiting: Waiting, wait: (outer: Waiting | undefined) => void): void {
    const outer = this.#waiting.at(-1);
    this.#waiting.push(waiting);
    markedFrame(() => wait(outer));
    const at = this.#waiting.lastIndexOf(waiting);
    if (at !== -1) this.#waiting.length = at;
  }

  /** Forgets the calls that no longer wait although nobody ended them, and gives their ids. */
  takeAbandoned(): number[] {
    if (this.#waiting.length === 0) return [];
    // Nothing runs during an `atomics` wait, so one that is not over was interrupted, and with it all
    // that waited inside it.
    const blocked = this.#waiting.findIndex(({ wait }) => wait === "atomics");
    const onStack = countFrames(mark);
    const alive = blocked === -1 ? onStack : Math.min(blocked, onStack);
    return this.#waiting.splice(alive).map(({ id }) => id);
  }
}

const markedFrame = (wait: () => void): void => wait();
Object.defineProperty(markedFrame, "name", { value: mark });

/** How many functions of this name are on the JavaScript stack. */
export function countFrames(name: string): number {
  return functionsOnStack().filter((found) => found === name).length;
}

/** The names of the functions on the JavaScript stack, the innermost first. */
export function functionsOnStack(): (string | null)[] {
  anotherError ??= errorOfAnotherRealm();
  return new anotherError().stack as unknown as (string | null)[];
}

let anotherError: ErrorConstructor | undefined;

// It sees the same stack. The program's own Error may be frozen (`node --frozen-intrinsics`), and Ctrl-C could come
// before it was put back as it was.
function errorOfAnotherRealm(): ErrorConstructor {
  const errors = runInNewContext("Error") as ErrorConstructor;
  errors.stackTraceLimit = Infinity;
  errors.prepareStackTrace = (_error, frames) => frames.map((frame) => frame.getFunctionName());
  return errors;
}
