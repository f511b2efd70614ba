import type { WorkerThread } from "./worker-thread.js";

/** How the calling thread blocks. */
export type WaitName = "atomics" | "deasync";

/** How long a wait sleeps at most before it looks whether the worker is still alive. */
export const lookEveryMs = 500;
/**
 * How long a wait spins before it sleeps, where the wait before it had its answer within that time: with a service on
 * this machine or next to it, waking up is a good part of what a call takes. With any other, it sleeps at once.
 */
export const SPIN_MS = 1;

/**
 * Blocks until `settled()`, until the worker is gone, or until the deadline; which of the three, the
 * caller sees for itself. `settled` looks at what has been received; a wait drains the port before asking.
 */
export type Wait = (
  thread: WorkerThread,
  settled: () => boolean,
  deadline: number,
  /** Of the wait that this one is in, if it is in one. */
  outerDeadline: number | undefined,
) => void;
