import { getEventListeners, setMaxListeners } from "node:events";

/** Unused controllers. Creating one takes a third as long as a round trip of the bridge. */
const spare: AbortController[] = [];
const MAX_SPARE = 64;

const open = new Set<Deadline>();

// One timer for all deadlines, set for the earliest one. Most calls end long before their deadlines.
let timer: NodeJS.Timeout | undefined;
let timerAt = Infinity;

function setTimer(at: number): void {
  if (at >= timerAt) return;
  clearTimeout(timer);
  timerAt = at;
  timer = setTimeout(endOverdue, Math.max(1, Math.ceil(at - performance.now())));
  timer.unref();
}

function endOverdue(): void {
  timerAt = Infinity;
  const now = performance.now();
  for (const deadline of [...open]) if (deadline.at <= now) deadline.cancel();
  setTimer(Math.min(...[...open].filter(({ at }) => at > now).map(({ at }) => at)));
}

/**
 * Aborts the work of a call when its time is up or the call is cancelled. Call `clear` when the call has ended, so that
 * its signal can be reused for other calls.
 */
export class Deadline {
  /** On the clock of performance.now(). */
  at: number;
  readonly #controller: AbortController;
  #lose: (reason: Error) => void = () => {};

  constructor(timeoutMs: number) {
    this.#controller = spare.pop() ?? newController();
    this.at = performance.now() + timeoutMs;
    open.add(this);
    setTimer(this.at);
  }

  /** How many deadlines have not been cleared. */
  static get underWay(): number {
    return open.size;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether its time is up. In a busy thread the timer may be late. */
  get isOver(): boolean {
    return this.signal.aborted || performance.now() >= this.at;
  }

  /**
   * Starts the time again from now. When the timer fires at the old time, it finds nothing overdue and is set again.
   */
  extend(timeoutMs: number): void {
    this.at = performance.now() + timeoutMs;
  }

  cancel(): void {
    const reason = new DeadlinePassed();
    this.#controller.abort(reason);
    // Rejecting later lets a call on many keys, which listens to the signal, first report what it has done.
    setImmediate(() => this.#lose(reason));
  }

  clear(): void {
    if (!open.delete(this) || this.signal.aborted || spare.length >= MAX_SPARE) return;
    if (getEventListeners(this.signal, "abort").length === 0) spare.push(this.#controller);
  }

  /** Settles as `work` does, or rejects once the deadline has passed, even if `work` ignores the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#lose = reject;
      work.then(resolve, (error: unknown) => {
        // After an abort, the error of `work` says nothing new, unless it is a DeadlinePassed with a message.
        const isOwn = !this.signal.aborted || error instanceof DeadlinePassed;
        reject((isOwn ? error : this.signal.reason) as Error);
      });
    });
  }
}

function newController(): AbortController {
  const controller = new AbortController();
  // Every request of a call on many keys listens to this signal. Beyond ten listeners, Node warns of a leak.
  setMaxListeners(0, controller.signal);
  return controller;
}

/** The time of a call is up, or the call was cancelled. The message, if any, names a test key that may be left over. */
export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}
