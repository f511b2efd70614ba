import type { WorkerThread } from "./worker-thread.js";

/** How the calling thread blocks. */
export type WaitName = "atomics" | "deasync";

/** How often a sleeping wait checks that the worker is alive. */
export const lookEveryMs = 500;
/**
 * How long a wait spins before it blocks, if the previous one was answered within this time. With a service nearby, waking
 * up is a good part of the time of a call.
 */
export const SPIN_MS = 1;

/** Blocks until `settled()`, the worker is gone, or the deadline has passed. It drains the port before it asks `settled`. */
export type Wait = (
  thread: WorkerThread,
  settled: () => boolean,
  deadline: number,
  /** The deadline of the enclosing wait. */
  outerDeadline: number | undefined,
) => void;
