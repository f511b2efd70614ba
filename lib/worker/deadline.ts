import { getEventListeners, setMaxListeners } from "node:events";

/** Controllers whose calls ended in time, to be used again: making one takes as long as a third of a bridge's round trip. */
const spare: AbortController[] = [];
const MAX_SPARE = 64;

const open = new Set<Deadline>();

// One timer for all, set for the earliest. Mostly a call has ended long before, and its timer was for nothing.
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
 * Ends what a call has under way: when its time is up, or when nobody waits for it any more. It must be cleared
 * when the call has ended, and its signal not be used from then on.
 */
export class Deadline {
  /** By the clock of performance.now(). */
  readonly at: number;
  readonly #controller: AbortController;
  #lose: (reason: Error) => void = () => {};

  constructor(timeoutMs: number) {
    this.#controller = spare.pop() ?? newController();
    this.at = performance.now() + timeoutMs;
    open.add(this);
    setTimer(this.at);
  }

  /** How many there are that have not been cleared. */
  static get underWay(): number {
    return open.size;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether its time is up. A thread that was busy may not have heard of it yet. */
  get isOver(): boolean {
    return this.signal.aborted || performance.now() >= this.at;
  }

  cancel(): void {
    const reason = new DeadlinePassed();
    this.#controller.abort(reason);
    // A call on many keys, which hears of it by the signal, tells first what it has done until then.
    setImmediate(() => this.#lose(reason));
  }

  clear(): void {
    if (!open.delete(this) || this.signal.aborted || spare.length >= MAX_SPARE) return;
    if (getEventListeners(this.signal, "abort").length === 0) spare.push(this.#controller);
  }

  /** `work`, or a rejection once the deadline has passed, even where `work` does not listen to the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#lose = reject;
      work.then(resolve, (error: unknown) => {
        // What was cut off says so in words of its own; only a DeadlinePassed can have more to tell.
        const isOwn = !this.signal.aborted || error instanceof DeadlinePassed;
        reject((isOwn ? error : this.signal.reason) as Error);
      });
    });
  }
}

function newController(): AbortController {
  const controller = new AbortController();
  // Each request of a call on many keys listens to it; Node takes more than ten for a leak, and says so.
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Its message, if it has one, says what has become uncertain. */
export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}
