import { executionAsyncResource } from "node:async_hooks";
import { performance } from "node:perf_hooks";
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "node:timers";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { atomicsWait } from "./atomics-wait.js";
import { lookFor } from "./look-for.js";
import { Signal } from "./protocol.js";
import { LOOK_MS, START_MS, lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";
import { functionsOnStack, mark } from "./wait-stack.js";
import type { WorkerThread } from "./worker-thread.js";

interface Deasync {
  loopWhile(condition: () => boolean): void;
}

interface Readline {
  pause(): void;
  resume(): void;
  closed?: boolean;
  paused?: boolean;
}

let deasync: Deasync | undefined;

/** Loads the optional native addon. Throws what `require` throws where it cannot be loaded. */
export function loadDeasync(): Deasync {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional: loaded only when it is asked for
  deasync ??= require("deasync") as Deasync;
  return deasync;
}

/**
 * Keeps the event loop turning: timers, callbacks and servers of the program run in the middle of the call.
 *
 * Each wait has a port of its own to be woken by. Where the call comes from within the callback of a message
 * or of a file, libuv looks at no port that was there before until that callback has returned; at a new one
 * it does.
 */
export const deasyncWait: Wait = (thread, settled, deadline, outerDeadline) => {
  if (!canTurn()) return atomicsWait(thread, settled, deadline, outerDeadline);
  const begun = performance.now();
  const inRepl = holdReplInput();
  const turns = loadDeasync();
  const goesOn = (): boolean => {
    thread.drain();
    return !settled() && !thread.isGone && performance.now() < deadline;
  };
  setTimer(thread, deadline, inRepl !== undefined);
  if (hasQuickNews && inRepl === undefined) {
    const until = begun + LOOK_MS;
    const mustTurn = begun - lastTurn >= TURN_EVERY_MS;
    const turning = keepTurning(until);
    turns.loopWhile(() => {
      const { news, signal } = thread;
      if (goesOn()) lookFor(signal, Signal.News, news, BETWEEN_TURNS_MS);
      return performance.now() < until && (goesOn() || (mustTurn && lastTurn < begun));
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
  setTimer(thread, outerDeadline, inRepl !== undefined);
  inRepl?.release();
  hasQuickNews = performance.now() - begun < LOOK_MS;
};

/**
 * Whether Node's event loop can turn here. It calls all callbacks of `setImmediate` that are due in one go, and only the
 * first of them may turn it: within another one, Node aborts at the next callback of this kind. Within a microtask or
 * a `process.nextTick` between two of them, Node would never end.
 */
function canTurn(): boolean {
  const functions = functionsOnStack();
  // Beyond this wait; and what another wait is in was looked at then.
  const inner = functions
    .slice(functions.indexOf(mark) + 1)
    .find((name) => name === mark || name === "processImmediate");
  if (inner !== "processImmediate") return true;
  // An Immediate, and the one that it has in Node's list before it.
  const running = executionAsyncResource() as { _onImmediate?: unknown; _idlePrev?: unknown };
  return typeof running._onImmediate === "function" && running._idlePrev === null;
}

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

// Ctrl-C in the REPL is carried out by the first JavaScript that runs afterwards. It must not be a timer's
// callback, which Node would then call again for ever; so there the timer is at the deadline, and no sooner once the
// worker has started.
function setTimer(thread: WorkerThread, deadline: number | undefined, inRepl: boolean): void {
  clearTimeout(timer);
  timer = undefined;
  if (deadline === undefined) return;
  // To wake the wait is enough: it looks at the time itself.
  const left = Math.max(1, Math.ceil(deadline - performance.now()));
  const mayWaitMs = !inRepl ? lookEveryMs : thread.wasReady ? left : START_MS;
  const sleepMs = Math.min(left, mayWaitMs);
  timer = setTimeout(() => {
    thread.lookForDeath(sleepMs);
    setTimer(thread, deadline, inRepl);
  }, sleepMs);
}

let replModule: { readonly repl?: Readline } | undefined;

/**
 * Keeps what is typed at Node's prompt for after the call: the REPL cannot take a line while it runs one
 * ("Generator is already running"), and ends when its input does.
 *
 * As few callbacks as can be are caused by it: Node aborts when Ctrl-C interrupts one in here. So the input
 * is not resumed between the calls of one line. A prompt resumes it by itself; for a call of a timer's, a
 * microtask does.
 */
function holdReplInput(): { release(): void } | undefined {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only by those who wait this way
  replModule ??= require("node:repl") as { repl?: Readline };
  const { repl } = replModule;
  if (repl === undefined || repl.closed === true) return undefined;
  if (repl.paused !== true) repl.pause();
  return {
    release: () =>
      queueMicrotask(() => {
        if (timer === undefined) repl.resume();
      }),
  };
}
