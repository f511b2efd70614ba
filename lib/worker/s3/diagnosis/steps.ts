import type { Failure } from "../../../bridge/protocol.js";
import { Deadline, DeadlinePassed } from "../../deadline.js";
import { toFailure } from "../../failure.js";
import { Doubt } from "../attempts/doubt.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";

/**
 * The longest time that a step may take, because a user at a terminal should soon learn that a service does not answer.
 */
const STEP_MS = 20_000;

/** No step is started with less time left than this. */
const LEAST_MS = 100;
/** If a step had less time than this, a missing response says nothing about the service. */
const SHORT_MS = 1000;

/** The time that is reserved for deleting the trial key, but at most a quarter of the whole time. */
const CLEARING_MS = 5000;

/** Runs an operation like any other of the map. */
export type Run = <T>(operation: (target: Target) => Promise<T>) => Promise<T>;

/** How a step ended. */
export type Ended<T> =
  | { value: T }
  /** `isUnsure`: a write of this step may still be applied. `wasShort`: the step had too little time for a result. */
  | { failure: Failure; isUnsure: boolean; wasShort: boolean };

type Operation<T> = (target: Target, task: Task) => Promise<T>;

/** Runs the steps of a diagnosis one after the other, each within its time. None of them throws. */
export class Steps {
  readonly #run: Run;
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  readonly #clearingMs: number;

  constructor(run: Run, timeoutMs: number, signal: AbortSignal) {
    this.#run = run;
    this.#signal = signal;
    this.#clearingMs = Math.min(CLEARING_MS, timeoutMs / 4);
    this.#endsAt = performance.now() + timeoutMs - 1.2 * this.#clearingMs;
  }

  /** Whether there is no time for another step. */
  get areOver(): boolean {
    return this.#endsAt - performance.now() < LEAST_MS || this.#signal.aborted;
  }

  take<T>(operation: Operation<T>): Promise<Ended<T>> {
    const ms = Math.min(STEP_MS, this.#endsAt - performance.now());
    return this.#within(ms, this.#signal, operation);
  }

  /** Runs an operation that has to be done at the end, even if nothing waits for the diagnosis any longer. */
  clear<T>(operation: Operation<T>): Promise<Ended<T>> {
    return this.#within(this.#clearingMs, undefined, operation);
  }

  async #within<T>(ms: number, signal: AbortSignal | undefined, operation: Operation<T>): Promise<Ended<T>> {
    if (ms <= 0 || signal?.aborted === true) return { failure: late(0), isUnsure: false, wasShort: false };
    const deadline = new Deadline(ms);
    const cancel = (): void => deadline.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    // The user's call has written nothing, whatever happens to the trial key.
    const doubt = new Doubt(undefined, () => {
      if (deadline.isOver) throw new DeadlinePassed();
    });
    const task = { signal: deadline.signal, doubt };
    try {
      return { value: await deadline.race(this.#run((target) => operation(target, task))) };
    } catch (error) {
      const isLate = error instanceof DeadlinePassed || deadline.signal.aborted;
      const failure = isLate ? late(ms) : toFailure(error, false);
      return { failure, isUnsure: doubt.exists, wasShort: isLate && ms < SHORT_MS };
    } finally {
      deadline.clear();
      signal?.removeEventListener("abort", cancel);
    }
  }
}

function late(ms: number): Failure {
  const reason = ms > 0 ? `no response within ${(ms / 1000).toFixed(1)} s` : "there was no time left";
  return { code: "TimedOut", reason };
}
