import { getEventListeners, setMaxListeners } from "node:events";

/** Unused controllers. Making one takes a third as long as a round trip of the bridge. */
const spare: AbortController[] = [];
const MAX_SPARE = 64;

const open = new Set<Deadline>();

// One timer for all deadlines, set for the earliest: most calls end long before theirs.
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
 * Aborts the work of a call when its time is up or it is cancelled. Clear it when the call has ended: its signal then serves
 * other calls.
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

  /** How many have not been cleared. */
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

  /** Counts again from now. The timer then finds nothing overdue, and is set anew. */
  extend(timeoutMs: number): void {
    this.at = performance.now() + timeoutMs;
  }

  cancel(): void {
    const reason = new DeadlinePassed();
    this.#controller.abort(reason);
    // Later, so that a call on many keys, which listens to the signal, can first report what it has done.
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
        // Once aborted, work fails with errors of its own. Only a DeadlinePassed may have more to say.
        const isOwn = !this.signal.aborted || error instanceof DeadlinePassed;
        reject((isOwn ? error : this.signal.reason) as Error);
      });
    });
  }
}

function newController(): AbortController {
  const controller = new AbortController();
  // Every request of a call on many keys listens to it. Node warns of a leak beyond ten listeners.
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Its message, if any, says what is uncertain. */
export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}
