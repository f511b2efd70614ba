import { runInNewContext } from "node:vm";
import type { Wait, WaitName } from "./wait.js";
import type { WorkerThread } from "./worker-thread.js";

/** Node aborts the process at about 300 nested turns of its event loop. */
const maxDepth = 64;

/** The name that identifies a wait on the JavaScript stack. It is a string so that minifiers keep it. */
export const mark = "s3bucketmap:wait";

interface Waiting {
  readonly id: number;
  readonly thread: WorkerThread;
  readonly wait: WaitName;
  readonly deadline: number;
}

/**
 * The calls that are waiting, innermost last. Waits nest when the event loop, which a `deasync` wait keeps turning, runs a
 * callback that makes a call. Nothing reports that Ctrl-C interrupted a call: it stays listed, and is recognised by its
 * absence from the JavaScript stack.
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
  run(call: Waiting, settled: () => boolean, wait: Wait): void {
    const outer = this.#waiting.at(-1);
    this.#waiting.push(call);
    markedFrame(wait, call.thread, settled, call.deadline, outer?.deadline);
    const at = this.#waiting.lastIndexOf(call);
    if (at !== -1) this.#waiting.length = at;
  }

  /** Removes the calls that were interrupted, and returns their ids. */
  takeAbandoned(): number[] {
    if (this.#waiting.length === 0) return [];
    // No code runs during an `atomics` wait. If one is still listed, it was interrupted, and so was every wait inside it.
    const blocked = this.#waiting.findIndex(({ wait }) => wait === "atomics");
    const onStack = countFrames(mark);
    const alive = blocked === -1 ? onStack : Math.min(blocked, onStack);
    return this.#waiting.splice(alive).map(({ id }) => id);
  }
}

const markedFrame = (
  wait: Wait,
  thread: WorkerThread,
  settled: () => boolean,
  deadline: number,
  outerDeadline: number | undefined,
): void => wait(thread, settled, deadline, outerDeadline);
Object.defineProperty(markedFrame, "name", { value: mark });

/** How many functions of this name are on the JavaScript stack. */
export function countFrames(name: string): number {
  return functionsOnStack().filter((found) => found === name).length;
}

/** The names of the functions on the JavaScript stack, innermost first. */
export function functionsOnStack(): (string | null)[] {
  errorOfAnotherRealm ??= makeErrorOfAnotherRealm();
  // prepareStackTrace below returns an array where the type says string.
  return new errorOfAnotherRealm().stack as unknown as (string | null)[];
}

let errorOfAnotherRealm: ErrorConstructor | undefined;

// To read the stack, stackTraceLimit and prepareStackTrace of an Error constructor have to be changed. Those of the
// program's Error may be frozen (`node --frozen-intrinsics`), and Ctrl-C could strike before they are set back. The Error
// of another realm sees the same stack, and nobody else uses it.
function makeErrorOfAnotherRealm(): ErrorConstructor {
  const error = runInNewContext("Error") as ErrorConstructor;
  error.stackTraceLimit = Infinity;
  error.prepareStackTrace = (_error, frames) => frames.map((frame) => frame.getFunctionName());
  return error;
}
