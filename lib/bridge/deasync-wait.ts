import { performance } from "node:perf_hooks";
import { clearInterval, setInterval, setTimeout } from "node:timers";
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
 * call. Meanwhile an alarm is set: without a ref'd handle `uv_run` returns at once, and spins.
 */
export const deasyncWait: Wait = (thread, settled, deadline) => {
  const alarm = alarms.get(thread) ?? new Alarm(thread);
  const outer = alarm.enter(deadline);
  loadDeasync().loopWhile(() => {
    alarm.heard();
    thread.drain();
    return !settled() && thread.state !== WorkerState.Gone && performance.now() < deadline;
  });
  alarm.leave(outer);
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
  #deadline = Infinity;
  #waits = 0;
  #unheard = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(thread: WorkerThread) {
    this.#thread = thread;
    alarms.set(thread, this);
  }

  /** @returns the deadline of the wait that this one is in */
  enter(deadline: number): number {
    if (this.#waits === 0) this.#release = holdReplInput();
    const outer = this.#deadline;
    this.#waits += 1;
    this.#unheard = 0;
    this.#deadline = deadline;
    this.#timer ??= setInterval(() => this.#ring(), lookEveryMs);
    this.#ringAtDeadline();
    return outer;
  }

  heard(): void {
    this.#unheard = 0;
  }

  leave(outer: number): void {
    this.#waits -= 1;
    this.#deadline = outer;
    if (this.#waits === 0) this.#stop();
  }

  #ring(): void {
    this.#unheard += 1;
    if (this.#unheard > 2) return this.#stop();
    this.#thread.lookForDeath();
    this.#ringAtDeadline();
  }

  // To wake the wait is enough: it looks at the time itself.
  #ringAtDeadline(): void {
    const left = this.#deadline - performance.now();
    if (left < lookEveryMs) setTimeout(() => {}, Math.max(1, Math.ceil(left))).unref();
  }

  #stop(): void {
    this.#waits = 0;
    this.#deadline = Infinity;
    this.#release();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
