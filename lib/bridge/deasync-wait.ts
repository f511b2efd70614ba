import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";
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
  const inRepl = holdReplInput();
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  thread.post({ type: "wake", port: port2 }, [port2]);
  setTimer(thread, deadline, inRepl !== undefined);
  loadDeasync().loopWhile(() => {
    while (receiveMessageOnPort(port1) !== undefined);
    thread.drain();
    return !settled() && !thread.isGone && performance.now() < deadline;
  });
  port1.close();
  setTimer(thread, outerDeadline, inRepl !== undefined);
  inRepl?.release();
};

// For the innermost of the waits that this thread's event loop is turning for. It also keeps the loop from
// ending, and from spinning, which it does without any handle to wait for.
let timer: NodeJS.Timeout | undefined;

// Ctrl-C in the REPL is carried out by the first JavaScript that runs afterwards. It must not be a timer's
// callback, which Node would then call again for ever; so there the timer is at the deadline, and no sooner.
function setTimer(thread: WorkerThread, deadline: number | undefined, inRepl: boolean): void {
  clearTimeout(timer);
  timer = undefined;
  if (deadline === undefined) return;
  // To wake the wait is enough: it looks at the time itself.
  const left = Math.max(1, Math.ceil(deadline - performance.now()));
  timer = setTimeout(
    () => {
      thread.lookForDeath();
      setTimer(thread, deadline, inRepl);
    },
    inRepl ? left : Math.min(left, lookEveryMs),
  );
}

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
  const { repl } = require("node:repl") as { repl?: Readline };
  if (repl === undefined || repl.closed === true) return undefined;
  if (repl.paused !== true) repl.pause();
  return {
    release: () =>
      queueMicrotask(() => {
        if (timer === undefined) repl.resume();
      }),
  };
}
