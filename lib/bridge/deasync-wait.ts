import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import type { Wait } from "./wait.js";

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
 * Keeps the event loop turning: timers, callbacks and servers of the program run in the middle of the
 * call. The loop wakes for the worker's messages, which tell the time as well as replies, and for its end.
 *
 * Ctrl-C in the REPL is carried out by the first JavaScript that runs afterwards. It must not be a timer's
 * callback, which Node would then call again for ever; so there is one at the deadline, and no sooner.
 */
export const deasyncWait: Wait = (thread, settled, deadline, outerDeadline) => {
  const releaseInput = holdReplInput();
  setTimer(deadline);
  loadDeasync().loopWhile(() => {
    thread.drain();
    return !settled() && !thread.isGone && performance.now() < deadline;
  });
  setTimer(outerDeadline);
  releaseInput();
};

// For the innermost of the waits that this thread's event loop is turning for. It also keeps the loop from
// ending, and from spinning, which it does without any handle to wait for.
let timer: NodeJS.Timeout | undefined;

function setTimer(deadline: number | undefined): void {
  clearTimeout(timer);
  timer = undefined;
  if (deadline === undefined) return;
  // To wake the wait is enough: it looks at the time itself.
  timer = setTimeout(() => {}, Math.max(1, Math.ceil(deadline - performance.now())));
}

/**
 * Keeps what is typed at Node's prompt for after the call: the REPL cannot take a line while it runs one
 * ("Generator is already running"), and ends when its input does.
 *
 * As few callbacks as can be are caused by it: Node aborts when Ctrl-C interrupts one in here. So the input
 * is not resumed between the calls of one line. A prompt resumes it by itself; for a call of a timer's, a
 * microtask does.
 */
function holdReplInput(): () => void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only by those who wait this way
  const { repl } = require("node:repl") as { repl?: Readline };
  if (repl === undefined || repl.closed === true) return () => {};
  if (repl.paused !== true) repl.pause();
  return () => {
    queueMicrotask(() => {
      if (timer === undefined) repl.resume();
    });
  };
}
