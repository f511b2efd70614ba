import { executionAsyncResource } from "node:async_hooks";
import { performance } from "node:perf_hooks";
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "node:timers";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { atomicsWait } from "./atomics-wait.js";
import { loadDeasync } from "./check-deasync.js";
import { spin } from "./spin.js";
import { Signal } from "./messages.js";
import { SPIN_MS, lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";
import { functionsOnStack, mark } from "./wait-stack.js";
import type { WorkerThread } from "./worker-thread.js";

/**
 * Keeps the event loop turning: timers, callbacks and servers of the program run in the middle of the call.
 *
 * Each wait has a port of its own to be woken by. Where the call comes from within the callback of a message
 * or of a file, libuv looks at no port that was there before until that callback has returned; at a new one
 * it does.
 */
export const deasyncWait: Wait = (thread, settled, deadline, outerDeadline) => {
  const begun = performance.now();
  const goesOn = (): boolean => {
    thread.drain();
    return !settled() && !thread.isGone && performance.now() < deadline;
  };
  // To find out whether the loop can turn takes as long as a small call. One that is answered at once need not know.
  if (hasQuickNews && spinUntil(Math.min(begun + SPIN_MS, lastTurn + TURN_EVERY_MS), thread, goesOn)) return;
  if (!canTurn()) return atomicsWait(thread, settled, deadline, outerDeadline);
  const turns = loadDeasync();
  setTimer(thread, deadline);
  if (hasQuickNews) {
    const until = begun + SPIN_MS;
    const turning = keepTurning(until);
    turns.loopWhile(() => {
      const { news, signal } = thread;
      if (goesOn()) spin(signal, Signal.News, news, BETWEEN_TURNS_MS);
      return performance.now() < until && (goesOn() || lastTurn < begun);
    });
    turning.end();
  }
  if (goesOn()) {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    thread.post({ type: "wake", port: port2 }, [port2]);
    turns.loopWhile(() => {
      while (receiveMessageOnPort(port1) !== undefined);
      return goesOn();
    });
    port1.close();
  }
  setTimer(thread, outerDeadline);
  hasQuickNews = performance.now() - begun < SPIN_MS;
};

/** @returns whether the wait is over */
function spinUntil(until: number, thread: WorkerThread, goesOn: () => boolean): boolean {
  for (;;) {
    // Read before the port is: what comes in between is news, too.
    const { news, signal } = thread;
    const left = until - performance.now();
    if (left <= 0) return false;
    if (!goesOn()) return true;
    if (!spin(signal, Signal.News, news, left)) return false;
  }
}

/**
 * Whether Node's event loop can turn here.
 *
 * Not in a line at the prompt: Ctrl-C ends the JavaScript that runs, and where that is a callback which the turning
 * loop has called, Node aborts or calls it for ever. A line that is typed ahead could not be taken, either.
 *
 * Node calls all callbacks of `setImmediate` that are due in one go, and only the first of them may turn the loop: within
 * another one, Node aborts at the next callback of this kind. Within a microtask or a `process.nextTick` between two of
 * them, Node would never end.
 */
function canTurn(): boolean {
  const functions = functionsOnStack();
  if (functions.some((name) => name !== null && endedByCtrlC.has(name))) return false;
  // Beyond this wait; and what another wait is in was looked at then.
  const inner = functions
    .slice(functions.indexOf(mark) + 1)
    .find((name) => name === mark || name === "processImmediate");
  if (inner !== "processImmediate") return true;
  // An Immediate, and the one that it has in Node's list before it.
  const running = executionAsyncResource() as { _onImmediate?: unknown; _idlePrev?: unknown };
  return typeof running._onImmediate === "function" && running._idlePrev === null;
}

/** Node's REPL evaluates a line in the first of these functions; prompt/interruptible.ts has the second. */
const endedByCtrlC: ReadonlySet<string> = new Set(["defaultEval", "interruptible"]);

let hasQuickNews = false;

/** Looking for news takes less than a turn of the loop. */
const BETWEEN_TURNS_MS = 0.02;

/** Calls whose replies come without a turn are not to hold up the program's timers. */
const TURN_EVERY_MS = 1;

let lastTurn = -Infinity;

// An event loop with something to do at once does not sleep. Each turn looks at its sources all the same.
function keepTurning(until: number): { end(): void } {
  let immediate: NodeJS.Immediate;
  const turn = (): void => {
    lastTurn = performance.now();
    if (lastTurn < until) immediate = setImmediate(turn);
  };
  immediate = setImmediate(turn);
  return { end: () => clearImmediate(immediate) };
}

// For the innermost of the waits that this thread's event loop is turning for. It also keeps the loop from
// ending, and from spinning, which it does without any handle to wait for.
let timer: NodeJS.Timeout | undefined;

//
// The first time it is due at once. Within the callback of a timer, Node forgets the timers that were set before, until a
// new one is due.
function setTimer(thread: WorkerThread, deadline: number | undefined, mostMs = 1): void {
  clearTimeout(timer);
  timer = undefined;
  if (deadline === undefined) return;
  // To wake the wait is enough: it looks at the time itself.
  const left = Math.max(1, Math.ceil(deadline - performance.now()));
  const sleepMs = Math.min(left, mostMs);
  timer = setTimeout(() => {
    thread.lookForDeath(sleepMs);
    setTimer(thread, deadline, lookEveryMs);
  }, sleepMs);
}
