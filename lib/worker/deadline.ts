import { setMaxListeners } from "node:events";

/** Ends what a call has under way: when its time is up, or when nobody waits for it any more. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #lose: (reason: Error) => void = () => {};

  constructor(timeoutMs: number) {
    // Each request of a call on many keys listens to it; Node takes more than ten for a leak, and says so.
    setMaxListeners(0, this.signal);
    this.#timer = setTimeout(() => this.cancel(), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(): void {
    const reason = new DeadlinePassed();
    this.#controller.abort(reason);
    this.#lose(reason);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  /** `work`, or a rejection once the deadline has passed, even where `work` does not listen to the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#lose = reject;
      work.then(resolve, reject);
    });
  }
}

export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}
