import { setTimeout } from "node:timers";
import type { Shared } from "./shared.js";
import { LIVES_MS, PrefetchRun } from "./prefetch-run.js";
import type { ExpectedReads } from "./prefetch-run.js";

// The run of reads that follow a facade's latest listing. One is enough: once the program reads something else, the values
// that were prefetched for any other run are too old.
let current: PrefetchRun | undefined;
let tidiesUp = false;

/** Starts a run for listed keys that are likely to be read, in this order. */
export function expectReads(shared: Shared, reads: ExpectedReads): void {
  current?.end();
  current = new PrefetchRun(shared, false);
  current.expect(reads);
  if (!tidiesUp) tidyUpLater();
}

/** The run in which this key is next. */
export function runAt(shared: Shared, key: string): PrefetchRun | undefined {
  return current?.shared === shared && current.isNext(key) ? current : undefined;
}

/** A run for one iterator. The program may take any time between its values. */
export function beginAlone(shared: Shared): PrefetchRun {
  return new PrefetchRun(shared, true);
}

// A run may hold a million keys. They must not stay in memory if no more reads come.
function tidyUpLater(): void {
  tidiesUp = true;
  setTimeout(() => {
    if (current?.isIdle === true) {
      current.end();
      current = undefined;
    }
    if (current !== undefined) tidyUpLater();
    else tidiesUp = false;
  }, LIVES_MS).unref();
}
