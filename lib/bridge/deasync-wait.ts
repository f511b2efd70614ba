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
import { functionsOnStack, WAIT_MARK } from "../global/stack-frames.js";
import type { WorkerThread } from "./worker-thread.js";

/**
 * Keeps the event loop turning: timers, callbacks and servers of the program run during the call.
 *
 * Each wait has its own port that wakes it. During the callback of a message or a file, libuv does not poll ports that
 * already existed, but it does poll a new one.
 */
export const deasyncWait: Wait = (thread, settled, deadline, outerDeadline) => {
  const begun = performance.now();
  const goesOn = (): boolean => {
    thread.drain();
    return !settled() && !thread.isGone && performance.now() < deadline;
  };
  // canTurn takes as long as a small call, so it is skipped if the call is answered at once.
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

/** Spins, and returns whether the wait is over. */
function spinUntil(until: number, thread: WorkerThread, goesOn: () => boolean): boolean {
  for (;;) {
    // Read before draining, so that a message that arrives in between counts as news.
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
 * It cannot during a line at the prompt. Ctrl-C ends the running JavaScript, and if that is a callback that the turning
 * loop called, Node aborts or calls it forever. Lines typed ahead would also be lost.
 *
 * Of the `setImmediate` callbacks that are due together, only the first may turn the loop. In a later one, Node aborts
 * at the next such callback. In a microtask or `process.nextTick` between two of them, Node would never return.
 */
export function canTurn(): boolean {
  const functions = functionsOnStack();
  if (functions.some((name) => name !== null && endedByCtrlC.has(name))) return false;
  // Only the frames between this wait and the enclosing wait are checked, because the enclosing wait checked the
  // others.
  const inner = functions
    .slice(functions.indexOf(WAIT_MARK) + 1)
    .find((name) => name === WAIT_MARK || name === "processImmediate");
  if (inner !== "processImmediate") return true;
  // An Immediate, and the one before it in Node's list.
  const running = executionAsyncResource() as { _onImmediate?: unknown; _idlePrev?: unknown };
  return typeof running._onImmediate === "function" && running._idlePrev === null;
}

/** Node's REPL evaluates a line in the first of these functions. The second one is in prompt/prompt.ts. */
const endedByCtrlC: ReadonlySet<string> = new Set(["defaultEval", "interruptible"]);

let hasQuickNews = false;

/** How long to spin between two turns of the loop. Checking for messages takes less time than a turn. */
const BETWEEN_TURNS_MS = 0.02;

/** The loop turns at least this often, so that calls answered without a turn do not delay the program's timers. */
const TURN_EVERY_MS = 1;

let lastTurn = -Infinity;

// While an Immediate is due, the event loop does not sleep, but still polls its sources.
function keepTurning(until: number): { end(): void } {
  let immediate: NodeJS.Immediate;
  const turn = (): void => {
    lastTurn = performance.now();
    if (lastTurn < until) immediate = setImmediate(turn);
  };
  immediate = setImmediate(turn);
  return { end: () => clearImmediate(immediate) };
}

// Wakes the innermost wait. It also keeps a handle open: without one, the loop would end or spin.
let timer: NodeJS.Timeout | undefined;

// The first timer is due at once, because during a timer's callback Node runs no earlier timer until a new one is due.
function setTimer(thread: WorkerThread, deadline: number | undefined, mostMs = 1): void {
  clearTimeout(timer);
  timer = undefined;
  if (deadline === undefined) return;
  // Waking the wait is enough: it checks the time itself.
  const left = Math.max(1, Math.ceil(deadline - performance.now()));
  const sleepMs = Math.min(left, mostMs);
  timer = setTimeout(() => {
    thread.lookForDeath(sleepMs);
    setTimer(thread, deadline, lookEveryMs);
  }, sleepMs);
}
