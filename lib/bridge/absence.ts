import { performance } from "node:perf_hooks";
import vm from "node:vm";

/** More than this outside the library, and what was read ahead is too old: the program may have waited for another's write. */
const MAX_ABSENCE_MS = 5;

interface Seen {
  /** When the program last was in the library. */
  leftAt: number;
  /** How many times the program was away for long. */
  absences: number;
  /** How many writes were sent, by bucket. */
  writes: Map<string, number>;
  allWrites: number;
}

// One for the thread, however many copies of the library and realms of a test framework are in it.
const seen = vm.runInThisContext(`(() => {
  const key = Symbol.for("s3bucketmap.absence");
  if (globalThis[key] === undefined) {
    const value = { leftAt: 0, absences: 0, writes: new Map(), allWrites: 0 };
    Object.defineProperty(globalThis, key, { value, configurable: true });
  }
  return globalThis[key];
})()`) as Seen;

/** The program calls. */
export function entered(): void {
  const now = performance.now();
  if (now - seen.leftAt > MAX_ABSENCE_MS) seen.absences += 1;
  seen.leftAt = now;
}

/** The program goes on. */
export function left(): void {
  seen.leftAt = performance.now();
}

/** The event loop is about to turn in a wait; to be called when it has. What ran in its callbacks was outside, too. */
export function turned(): () => void {
  const start = performance.now();
  const { idleTime } = performance.nodeTiming;
  return () => {
    const busy = performance.now() - start - (performance.nodeTiming.idleTime - idleTime);
    if (busy > MAX_ABSENCE_MS) seen.absences += 1;
  };
}

export function wroteTo(bucket: string): void {
  seen.allWrites += 1;
  seen.writes.set(bucket, (seen.writes.get(bucket) ?? 0) + 1);
}

/** How many absences there have been; another number, and nothing that was read before may be used. */
export function absences(): number {
  return seen.absences;
}

/** How many writes this thread has sent that may have changed this bucket. */
export function writesTo(bucket: string): number {
  if (isAlias(bucket)) return seen.allWrites;
  let count = 0;
  for (const [name, writes] of seen.writes) if (name === bucket || isAlias(name)) count += writes;
  return count;
}

// An access point is another name of some bucket.
function isAlias(bucket: string): boolean {
  return bucket.includes(":") || bucket.endsWith("-s3alias");
}
