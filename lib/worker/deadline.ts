import { setMaxListeners } from "node:events";

/** Ends what a call has under way: when its time is up, or when nobody waits for it any more. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #passed: Promise<never>;

  constructor(timeoutMs: number) {
    // Each request of a call on many keys listens to it; Node takes more than ten for a leak, and says so.
    setMaxListeners(0, this.signal);
    this.#timer = setTimeout(() => this.#controller.abort(new DeadlinePassed()), timeoutMs);
    this.#passed = new Promise((_resolve, reject) => {
      this.signal.addEventListener("abort", () => reject(this.signal.reason as Error), { once: true });
    });
    this.#passed.catch(() => {}); // It is only looked at by who races it.
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  cancel(): void {
    this.#controller.abort(new DeadlinePassed());
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  /** `work`, or a rejection once the deadline has passed, even where `work` does not listen to the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed]);
  }
}

export class DeadlinePassed extends Error {
  override name = "DeadlinePassed";
}
