import { performance } from "node:perf_hooks";

// By the clock of performance.now().
let limit = Infinity;

/**
 * Runs `work`, which must not be asynchronous, and lets no call in it wait longer than until `ms` from now,
 * however many there are, of whatever map. With 0 nothing is sent at all. A call that is cut off so throws
 * `TimedOut`, and does not count against the worker thread, which may still be starting.
 */
export function within<T>(ms: number, work: () => T): T {
  const outer = limit;
  limit = Math.min(outer, performance.now() + ms);
  try {
    return work();
  } finally {
    limit = outer;
  }
}

/** Until when a call may wait by {@link within}; Infinity where nothing limits it. */
export function callLimit(): number {
  return limit;
}
