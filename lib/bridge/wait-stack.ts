import { countFrames, inFrame, WAIT_MARK } from "../global/stack-frames.js";
import type { Begun } from "./begun.js";
import type { Wait } from "./wait.js";

/** Node aborts the process at about 300 nested turns of its event loop. */
const maxDepth = 64;

type Waiting = Pick<Begun, "id" | "thread" | "wait" | "deadline">;

/**
 * The calls that are waiting, innermost last. Waits nest when the event loop, which a `deasync` wait keeps turning,
 * runs a callback that makes a call. Nothing reports that Ctrl-C interrupted a call. An interrupted call stays listed,
 * and is recognised by its absence from the JavaScript stack.
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
    inFrame(WAIT_MARK, () => wait(call.thread, settled, call.deadline, outer?.deadline));
    const at = this.#waiting.lastIndexOf(call);
    if (at !== -1) this.#waiting.length = at;
  }

  /** Removes the calls that were interrupted, and returns their ids. */
  takeAbandoned(): number[] {
    if (this.#waiting.length === 0) return [];
    // No code runs during an `atomics` wait. If such a wait is still listed, it was interrupted, and so were all later
    // ones.
    const blocked = this.#waiting.findIndex(({ wait }) => wait === "atomics");
    const onStack = countFrames(WAIT_MARK);
    const alive = blocked === -1 ? onStack : Math.min(blocked, onStack);
    return this.#waiting.splice(alive).map(({ id }) => id);
  }
}
