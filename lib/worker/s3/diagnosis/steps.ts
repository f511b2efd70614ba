import type { Failure } from "../../../bridge/protocol.js";
import { fatalCodes } from "../../../errors/codes.js";
import { DeadlinePassed } from "../../deadline.js";
import { toFailure } from "../../failure.js";
import { Doubt, withoutDoubt } from "../attempts/doubt.js";
import { follow } from "../follow.js";
import type { Target } from "../target.js";

/** So long a step may take: who waits at a terminal wants to hear of a service that says nothing. */
const STEP_MS = 20_000;

/** A step is not begun in less time than this. */
const LEAST_MS = 100;
/** In less time than this, the lack of an answer says nothing of the service. */
const SHORT_MS = 1000;

/** What is kept of the time for taking the trial key away: at most so long, and at most a quarter. */
const CLEARING_MS = 5000;

/** Runs an operation as every other of the map is run. */
export type Run = <T>(operation: (target: Target) => Promise<T>) => Promise<T>;

/** How a step ended. */
export type Ended<T> =
  | { value: T }
  /** `isUnsure`: a write of it may still happen. */
  | { failure: Failure; isUnsure: boolean; wasShort?: boolean };

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

  take<T>(operation: (target: Target, signal: AbortSignal) => Promise<T>): Promise<Ended<T>> {
    const ms = Math.min(STEP_MS, this.#endsAt - performance.now());
    return this.#within(ms, this.#signal, operation);
  }

  /** For what is done at the end, even where nobody waits any more. */
  clear<T>(operation: (target: Target, signal: AbortSignal) => Promise<T>): Promise<Ended<T>> {
    return this.#within(this.#clearingMs, undefined, operation);
  }

  async #within<T>(
    ms: number,
    signal: AbortSignal | undefined,
    operation: (target: Target, signal: AbortSignal) => Promise<T>,
  ): Promise<Ended<T>> {
    if (ms <= 0 || signal?.aborted === true) return { failure: late(0), isUnsure: false };
    const controller = new AbortController();
    const unfollow = signal && follow(signal, controller);
    const timer = setTimeout(() => controller.abort(new DeadlinePassed()), ms);
    const { signal: ended } = controller;
    const passed = new Promise<never>((_resolve, reject) => {
      ended.addEventListener("abort", () => reject(new DeadlinePassed()), { once: true });
    });
    // What is written here is nothing that anybody has asked to be written.
    return withoutDoubt(async () => {
      const doubt = new Doubt(() => {
        if (ended.aborted) throw new DeadlinePassed();
      });
      try {
        const work = doubt.during(() => this.#run((target) => operation(target, ended)));
        return { value: await Promise.race([work, passed]) };
      } catch (error) {
        const failure = ended.aborted ? late(ms) : toFailure(error, false);
        return { failure, isUnsure: doubt.exists, wasShort: ended.aborted && ms < SHORT_MS };
      } finally {
        clearTimeout(timer);
        unfollow?.();
      }
    });
  }
}

function late(ms: number): Failure {
  const reason = ms > 0 ? `no answer in ${(ms / 1000).toFixed(1)} s` : "there was no time left";
  return { code: "TimedOut", reason };
}

/** Whether after this nothing further need be tried. */
export function endsAll({ code }: Failure): boolean {
  return fatalCodes.has(code) || code === "TimedOut" || code === "NetworkError";
}

/** Whether a service says that it does not have what it was asked for. */
export function isLack({ code, statusCode }: Failure): boolean {
  if (code === "ConditionsUnsupported" || statusCode === 501 || statusCode === 405) return true;
  return statusCode === 400 && !fatalCodes.has(code);
}
