import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { WorkerState } from "./protocol.js";
import { lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";
import type { WorkerThread } from "./worker-thread.js";

interface Deasync {
  loopWhile(condition: () => boolean): void;
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
 * call. Only meanwhile is the port ref'd: without a ref'd handle `uv_run` returns at once, and spins.
 */
export const deasyncWait: Wait = (thread, settled, deadline) => {
  const alarm = alarms.get(thread) ?? new Alarm(thread);
  alarm.enter();
  loadDeasync().loopWhile(() => {
    alarm.heard();
    thread.drain();
    return !settled() && thread.state !== WorkerState.Gone && performance.now() < deadline;
  });
  alarm.leave();
};

/**
 * Keeps what is typed at Node's prompt for after the call: the REPL cannot take a line while it runs one
 * ("Generator is already running"), and ends when its input does. A prompt resumes it by itself, so
 * an interrupted wait does no harm.
 */
function holdReplInput(): () => void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only by those who wait this way
  const { repl } = require("node:repl") as { repl?: { pause(): void; resume(): void; closed?: boolean } };
  if (repl === undefined || repl.closed === true) return () => {};
  repl.pause();
  return () => repl.resume();
}

const alarms = new WeakMap<WorkerThread, Alarm>();

/**
 * Wakes a `deasync` wait now and then, to see the deadline and a dead worker. An interruption by Ctrl-C
 * unwinds the waits without telling: an alarm that rings twice and is not heard in between knows that no
 * wait is left, and lets the program end.
 */
class Alarm {
  readonly #thread: WorkerThread;
  #release: () => void = () => {};
  #waits = 0;
  #unheard = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(thread: WorkerThread) {
    this.#thread = thread;
    alarms.set(thread, this);
  }

  enter(): void {
    if (this.#waits === 0) this.#release = holdReplInput();
    this.#waits += 1;
    this.#unheard = 0;
    this.#thread.ref();
    this.#timer ??= setInterval(() => this.#ring(), lookEveryMs).unref();
  }

  heard(): void {
    this.#unheard = 0;
  }

  leave(): void {
    this.#waits -= 1;
    if (this.#waits === 0) this.#stop();
  }

  #ring(): void {
    this.#unheard += 1;
    if (this.#unheard > 2) this.#stop();
    else this.#thread.lookForDeath();
  }

  #stop(): void {
    this.#waits = 0;
    this.#release();
    this.#thread.unref();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
