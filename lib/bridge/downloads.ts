import { performance } from "node:perf_hooks";
import vm from "node:vm";
import { isMainThread } from "node:worker_threads";
import { exit } from "../global/at-exit.js";
import { atomicsWait } from "./atomics-wait.js";
import { interruptibly, isInterruption } from "./interruption.js";
import type { WorkerThread } from "./worker-thread.js";

/** How long the worker may take to remove temporary files. */
const REMOVAL_MS = 2000;

/** How long the signal may take to end the process. */
const END_MS = 1000;

// The `process` of a test framework's realm receives no signals.
const realProcess = vm.runInThisContext("process") as NodeJS.Process;

/**
 * The downloads under way, each with a temporary file that must be removed. If a program has no handler for SIGINT,
 * Ctrl-C ends it at once, in the middle of a wait. During a download, this class handles the signal: it removes the
 * temporary files, and sends the signal again.
 */
export class Downloads {
  readonly #underWay = new Map<number, WorkerThread>();
  #isWatched = false;

  /** Must be called before the call is sent. */
  add(id: number, thread: WorkerThread): void {
    this.#underWay.set(id, thread);
  }

  delete(id: number): void {
    this.#underWay.delete(id);
  }

  /**
   * Makes the call of a download.
   *
   * @param turns - whether the event loop turns during the call
   * @returns what `run` returns, or undefined if Ctrl-C ended it but something kept the process alive
   */
  during<T extends object>(turns: boolean, run: () => T): T | undefined {
    this.#watchExit();
    if (!isHeardByUs()) return run();
    const result = turns ? this.#whileTurning(run) : unlessInterrupted(run);
    if (result !== undefined) return result;
    this.#cancel();
    realProcess.kill(realProcess.pid, "SIGINT");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_MS);
    return undefined;
  }

  /**
   * Makes a call during which callbacks run, including signal handlers. The call ends once its download is cancelled.
   */
  #whileTurning<T>(run: () => T): T | undefined {
    let isHeard = false;
    const hear = (): void => {
      isHeard = true;
      this.#cancel();
    };
    realProcess.once("SIGINT", hear);
    const result = run();
    realProcess.removeListener("SIGINT", hear);
    // A callback may have added a handler in the meantime, which has received the signal, too.
    return isHeard && isHeardByUs() ? undefined : result;
  }

  // A callback during a `deasync` wait may end the process.
  #watchExit(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    exit().tasks.add(() => this.#cancel());
  }

  /** Ends all downloads. The worker removes a temporary file before it answers. */
  #cancel(): void {
    for (const [id, thread] of this.#underWay) if (!thread.isGone) thread.post({ type: "cancel", id });
    const until = performance.now() + REMOVAL_MS;
    for (const [id, thread] of this.#underWay)
      atomicsWait(thread, () => !thread.awaits(id), until, undefined);
    this.#underWay.clear();
  }
}

/**
 * Whether Ctrl-C would end the process. If the program has a handler, the handler receives the signal after the call,
 * or during a turn of the event loop.
 */
function isHeardByUs(): boolean {
  const { bun, deno } = realProcess.versions;
  return isMainThread && (bun ?? deno) === undefined && realProcess.listenerCount("SIGINT") === 0;
}

/** Returns undefined if Ctrl-C ended `run`. */
function unlessInterrupted<T>(run: () => T): T | undefined {
  try {
    return interruptibly(run);
  } catch (error) {
    if (!isInterruption(error)) throw error;
    return undefined;
  }
}
