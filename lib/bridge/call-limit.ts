import { performance } from "node:perf_hooks";

// On the clock of performance.now().
let limit = Infinity;

/**
 * Runs `work`, which must be synchronous. All its calls together, of any map, may wait for `ms`. With 0, nothing is
 * sent. A call that is cut short throws `TimedOut`. The worker is not terminated for it, because it may still be
 * starting.
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

/** The time until which {@link within} lets calls wait, or Infinity. */
export function callLimit(): number {
  return limit;
}
