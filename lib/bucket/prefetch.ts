import { setTimeout } from "node:timers";
import type { Shared } from "./shared.js";
import { Run } from "./prefetch-run.js";
import type { ExpectedReads } from "./prefetch-run.js";

/** How long a run is kept that does not go on. */
const LIVES_MS = 1000;

// The reads that follow the last listing of a facade. There is one such run: as soon as the program reads something
// else, whatever was read early for another is too old.
let current: Run | undefined;
let tidiesUp = false;

/** Keys that were listed and are likely to be read, in this order. */
export function expectReads(shared: Shared, reads: ExpectedReads): void {
  current?.end();
  current = new Run(shared, LIVES_MS);
  current.expect(reads);
  if (!tidiesUp) tidyUpLater();
}

/** The run for which this key comes next. */
export function runAt(shared: Shared, key: string): Run | undefined {
  return current?.shared === shared && current.isNext(key) ? current : undefined;
}

/** A run that no other read knows of. The program may take its time with each value. */
export function beginAlone(shared: Shared): Run {
  return new Run(shared, undefined);
}

// A million keys must not stay in memory for reads that will not come.
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
