import type { WorkerThread } from "./worker-thread.js";

/** How the calling thread blocks. */
export type WaitName = "atomics" | "deasync";

/** How often a sleeping wait checks that the worker is alive. */
export const lookEveryMs = 500;
/**
 * How long a wait spins before it blocks, if the previous call was answered within this time. With a service nearby,
 * waking up takes a considerable part of a call's time.
 */
export const SPIN_MS = 1;

/**
 * Blocks until `settled()` returns true, the worker is gone, or the deadline has passed. It drains the port before it
 * calls `settled`.
 */
export type Wait = (
  thread: WorkerThread,
  settled: () => boolean,
  deadline: number,
  /** The deadline of the enclosing wait. */
  outerDeadline: number | undefined,
) => void;
