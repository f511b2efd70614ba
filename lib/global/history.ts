import { isAlias } from "../arguments/location.js";
import { operations } from "../bridge/operations.js";
import type { Op } from "../bridge/operations.js";
import { clock } from "./clock.js";
import { threadWide } from "./thread-wide.js";

/** The length of the log of written keys. A write makes two entries. */
const MOST_LOGGED = 8000;

/** For how many buckets the last write is remembered. */
const MOST_BUCKETS = 100;

/** If the two clocks differ by more than this, the machine was suspended. */
const MAX_ASLEEP_MS = 5;

/** Shorter callbacks during a `deasync` wait are ignored: the wait itself uses as much time. */
const MAX_BUSY_MS = 5;

/** What a write of this thread did to a key. "unsure" while it is under way, and if it failed. */
export type Write = "set" | "deleted" | "unsure";

interface History {
  /** When the program last left the library, by a monotonic clock, which stops while the machine is suspended. */
  leftAt: number;
  /** The same time by the system's clock. */
  leftAtDate: number;
  /** The total time that the program has spent outside the library. */
  outsideMs: number;
  /** The number of calls that may have told the program what is stored. */
  calls: number;
  /** Counts the writes of this thread. */
  writes: number;
  /** The number of the last write, by bucket name. */
  readonly lastWriteTo: Map<string, number>;
  /** The number of the last write whose bucket is not known. */
  lastWriteToAny: number;
  /** The written keys, four elements each: map, bucket, key, and a {@link Write}. */
  readonly log: (string | number)[];
  /** How many entries were dropped from the beginning of the log. */
  forgotten: number;
  lastNumber: number;
}

// Only strings and numbers, so that it keeps no realm alive.
const history = threadWide<History>(
  "history.1",
  `{
    leftAt: 0, leftAtDate: 0, outsideMs: 0, calls: 0,
    writes: 0, lastWriteTo: new Map(), lastWriteToAny: 0,
    log: [], forgotten: 0, lastNumber: 0,
  }`,
);

/** A number that is unique in this thread. */
export function newNumber(): number {
  return (history.lastNumber += 1);
}

/** The program enters the library. */
export function entered(): void {
  history.outsideMs += Math.max(0, clock().now() - history.leftAt);
  left();
}

/** The program leaves the library. */
export function left(): void {
  const [now, date] = [clock().now(), Date.now()];
  const asleepMs = date - history.leftAtDate - (now - history.leftAt);
  // Date has a resolution of 1 ms, so a small difference means nothing.
  if (asleepMs > MAX_ASLEEP_MS) history.outsideMs += asleepMs;
  history.leftAt = now;
  history.leftAtDate = date;
}

/**
 * Call this before the event loop turns in a wait, and the returned function afterwards. Callbacks that ran in the
 * meantime count as time outside the library.
 */
export function turned(): () => void {
  const start = clock().now();
  const { idleTime } = clock().nodeTiming;
  return () => {
    const busy = clock().now() - start - (clock().nodeTiming.idleTime - idleTime);
    if (busy > MAX_BUSY_MS) history.outsideMs += busy;
  };
}

/** The total time that the program has spent outside the library. */
export function outsideMs(): number {
  return history.outsideMs;
}

/** Notes that the program may have learnt what another program did. */
export function heard(): void {
  history.calls += 1;
}

/** A call begins or ends. */
export function called(op: Op, bucket: string, failed: boolean = false): void {
  const { isWrite, isInformative } = operations[op];
  if (isWrite) wroteTo(bucket);
  if (failed || isInformative) heard();
}

/** The number of calls so far that may have told the program what is stored. */
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

/** The number of this thread's last write that may have changed the bucket. */
export function lastWriteTo(bucket: string): number {
  if (isAlias(bucket)) return history.writes;
  return Math.max(history.lastWriteTo.get(bucket) ?? 0, history.lastWriteToAny);
}

/**
 * Whether two names may refer to the same bucket. Endpoints cannot decide this, because one service can have several.
 */
export function mayBeSame(bucket: string, other: string): boolean {
  return bucket === other || isAlias(bucket) || isAlias(other);
}

/** @param map - a number shared by maps that certainly have the same location */
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

interface LoggedWrite {
  readonly map: number;
  readonly bucket: string;
  readonly key: string;
  readonly write: Write;
}

/** The writes since a position in the log, or undefined if some of them were dropped. */
export function writesFrom(position: number): LoggedWrite[] | undefined {
  if (position < history.forgotten) return undefined;
  const writes: LoggedWrite[] = [];
  for (let at = 4 * (position - history.forgotten); at < history.log.length; at += 4) {
    const [map, bucket, key, write] = history.log.slice(at, at + 4) as [number, string, string, Write];
    writes.push({ map, bucket, key, write });
  }
  return writes;
}
