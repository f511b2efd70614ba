import { clock } from "./clock.js";
import vm from "node:vm";
import { isAlias } from "../arguments/location.js";
import { operations } from "../bridge/operations.js";
import type { Op } from "../bridge/operations.js";

/** So many entries of the log of written keys are kept; a write makes two. */
const MOST_LOGGED = 8000;

/** Of so many buckets it is known when each was last written to. */
const MOST_BUCKETS = 100;

/** More than this between the two clocks, and the machine has slept. */
const MAX_ASLEEP_MS = 5;

/** With `deasync`, callbacks that take no longer in one wait do not count: the wait's own work takes as long. */
const MAX_BUSY_MS = 5;

/** What became of a key by a write of this thread: "unsure" while it is under way, and where it failed. */
export type Write = "set" | "deleted" | "unsure";

interface History {
  /** When the program last was in the library, by the clock that stands still while a laptop sleeps, and by the other. */
  leftAt: number;
  leftAtDate: number;
  /** How long it has been outside altogether. */
  outsideMs: number;
  /** How many calls may have told it something. */
  calls: number;
  /** Counts writes. By a bucket's name: which was the last one. */
  writes: number;
  readonly lastWriteTo: Map<string, number>;
  /** The last one of which only so much is known: it was to any bucket. */
  lastWriteToAny: number;
  /** Which keys were written, four elements each: map, bucket, key, and what became of it. */
  readonly log: (string | number)[];
  /** How many entries were at the beginning of the log and no longer are. */
  forgotten: number;
  lastNumber: number;
}

// One for the thread, however many copies of the library and realms of a test framework are in it. It holds nothing but
// strings and numbers, so no realm is kept alive by it. A copy that shares something else has another name for it.
const history = vm.runInThisContext(`(() => {
  const key = Symbol.for("s3bucketmap.history.1");
  if (globalThis[key] === undefined) {
    const value = {
      leftAt: 0, leftAtDate: 0, outsideMs: 0, calls: 0,
      writes: 0, lastWriteTo: new Map(), lastWriteToAny: 0,
      log: [], forgotten: 0, lastNumber: 0,
    };
    Object.defineProperty(globalThis, key, { value, configurable: true });
  }
  return globalThis[key];
})()`) as History;

/** A number that nothing else in this thread has. */
export function newNumber(): number {
  return (history.lastNumber += 1);
}

/** The program comes into the library. */
export function entered(): void {
  history.outsideMs += Math.max(0, clock().now() - history.leftAt);
  left();
}

/** The program goes on. */
export function left(): void {
  const [now, date] = [clock().now(), Date.now()];
  const asleepMs = date - history.leftAtDate - (now - history.leftAt);
  // Date counts whole milliseconds: a difference of one or two is nothing.
  if (asleepMs > MAX_ASLEEP_MS) history.outsideMs += asleepMs;
  history.leftAt = now;
  history.leftAtDate = date;
}

/** The event loop is about to turn in a wait; to be called when it has. What ran in its callbacks was outside, too. */
export function turned(): () => void {
  const start = clock().now();
  const { idleTime } = clock().nodeTiming;
  return () => {
    const busy = clock().now() - start - (clock().nodeTiming.idleTime - idleTime);
    if (busy > MAX_BUSY_MS) history.outsideMs += busy;
  };
}

/** How long the program has been outside the library altogether. */
export function outsideMs(): number {
  return history.outsideMs;
}

/** The program may hear of what another program has done. */
export function heard(): void {
  history.calls += 1;
}

/** A call begins, or has ended. */
export function called(op: Op, bucket: string, failed: boolean = false): void {
  const { isWrite, isInformative } = operations[op];
  if (isWrite) wroteTo(bucket);
  if (failed || isInformative) heard();
}

/** How many calls may have told the program something. */
export function callsSoFar(): number {
  return history.calls;
}

function wroteTo(bucket: string): void {
  history.writes += 1;
  if (isAlias(bucket)) history.lastWriteToAny = history.writes;
  else {
    if (history.lastWriteTo.size >= MOST_BUCKETS) {
      history.lastWriteTo.clear();
      history.lastWriteToAny = history.writes;
    }
    history.lastWriteTo.set(bucket, history.writes);
  }
}

/** The number of the last write of this thread that may have changed this bucket. */
export function lastWriteTo(bucket: string): number {
  if (isAlias(bucket)) return history.writes;
  return Math.max(history.lastWriteTo.get(bucket) ?? 0, history.lastWriteToAny);
}

/** Whether both names may be of one bucket. Where the bucket is does not tell: one place can have two names. */
export function mayBeSame(bucket: string, other: string): boolean {
  return bucket === other || isAlias(bucket) || isAlias(other);
}

/** @param map - the number of the maps that certainly have one place in common */
export function logWrite(map: number, bucket: string, key: string, write: Write): void {
  if (history.log.length >= 4 * MOST_LOGGED) {
    history.log.splice(0, 2 * MOST_LOGGED);
    history.forgotten += MOST_LOGGED / 2;
  }
  history.log.push(map, bucket, key, write);
}

/** The end of the log. */
export function logEnd(): number {
  return history.forgotten + history.log.length / 4;
}

export interface LoggedWrite {
  readonly map: number;
  readonly bucket: string;
  readonly key: string;
  readonly write: Write;
}

/** The writes from there on, or undefined where some of them are forgotten. */
export function writesFrom(position: number): LoggedWrite[] | undefined {
  if (position < history.forgotten) return undefined;
  const writes: LoggedWrite[] = [];
  for (let at = 4 * (position - history.forgotten); at < history.log.length; at += 4) {
    const [map, bucket, key, write] = history.log.slice(at, at + 4) as [number, string, string, Write];
    writes.push({ map, bucket, key, write });
  }
  return writes;
}
