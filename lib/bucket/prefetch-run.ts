import { performance } from "node:perf_hooks";
import { callsSoFar, entered, heard, lastWriteTo, left, newNumber, outsideMs } from "../global/history.js";
import type { Call, Method, Result } from "../bridge/operations.js";
import type { Arrived, Listed, Reading } from "../bridge/protocol.js";
import type { Shared } from "./shared.js";

/** How many bytes of values a run may prefetch at a time, by the listed sizes. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * If the program has spent more time than this outside the library since a prefetch began, it may have learnt about
 * another program's write.
 */
const MAX_OUTSIDE_MS = 5;

/** The largest age of a value that must not be stale, and how long the worker keeps it. */
export const LIVES_MS = 1000;

/** How long the worker keeps the values of an idle iterator, which may be stale. */
const LIVES_STALE_MS = 60_000;

/** After wasted prefetches, this many reads must follow each other before the next prefetch. */
const CAUTION = 4;

/** One prefetched value may be wasted for each this many reads, and two full windows in addition. */
const WASTE = 8;

/** Listed keys that are likely to be read, in order. */
export interface ExpectedReads {
  /** The prefix of each of the keys. */
  readonly prefix: string;
  readonly keys: readonly string[];
  /** The sizes of the values in bytes. */
  readonly sizes: Float64Array;
}

/** Sends the reads of a run. */
interface BucketReader {
  readonly maxBytes: number;
  call(call: Call<"getAhead">, method: Method): Result<"getAhead">;
  readNow(key: string): Reading | undefined;
}

/** A prefetch. */
interface Early {
  /** The time that the program had spent outside the library when the prefetch began. */
  readonly outsideMs: number;
  /** The value, once it has arrived, and the latest time at which it can have arrived. */
  value?: { readonly body: Reading | undefined; readonly at: number };
}

/**
 * Reads that follow a listing in order, with their prefetches. The window doubles with each read, from 1. A loop that writes
 * or waits in each iteration wastes one prefetch, and one that does so occasionally no more than {@link WASTE} allows.
 */
export class PrefetchRun {
  readonly shared: Shared;
  #usedAt: number = performance.now();
  readonly #early: Map<number, Early> = new Map();
  readonly #mayBeStale: boolean;
  #reads: ExpectedReads = { prefix: "", keys: [], sizes: new Float64Array() };
  /** The worker's number for it. It changes whenever prefetches are dropped. */
  #number: number = newNumber();
  #nextIndex = 0;
  /** The end of the keys that the worker was told. */
  #told = 0;
  #streak = 0;
  #readSoFar = 0;
  #inVain = 0;
  #calls = 0;
  #lastWrite = 0;
  /** The time that the program had spent outside the library at the last read. */
  #outsideMs = 0;

  /**
   * @param mayBeStale - whether a value may be older than a write by another program. An iterator's values may be,
   * because no other read uses them
   */
  constructor(shared: Shared, mayBeStale: boolean) {
    this.shared = shared;
    this.#mayBeStale = mayBeStale;
    this.#catchUp();
  }

  /** Continues with other keys, such as the next page. */
  expect(reads: ExpectedReads): void {
    this.#drop();
    this.#reads = reads;
    this.#nextIndex = this.#told = 0;
  }

  /** Whether this key is next. */
  isNext(key: string): boolean {
    const { keys, prefix } = this.#reads;
    const next = keys[this.#nextIndex];
    return next !== undefined && key.length === prefix.length + next.length && key === prefix + next;
  }

  /** Whether it has been idle for so long that its values must not be used. */
  get isIdle(): boolean {
    return performance.now() - this.#usedAt > LIVES_MS;
  }

  /** Reads the next value. */
  read(calls: BucketReader): Reading | undefined {
    entered();
    // The program learns from an iterator's value, too, so values that other runs have prefetched become too old.
    if (this.#mayBeStale) heard();
    const at = this.#nextIndex;
    const key = this.#reads.prefix + this.#reads.keys[at]!;
    if (this.#isTooOld(this.#early.get(at))) this.#drop(true);
    const early = this.#early.get(at);
    this.#early.delete(at);
    this.#nextIndex = at + 1;
    this.#told = Math.max(this.#told, this.#nextIndex);
    this.#streak += 1;
    this.#readSoFar += 1;
    this.#usedAt = performance.now();
    this.#outsideMs = outsideMs();
    if (early?.value !== undefined) {
      this.#tellNext();
      left();
      return early.value.body;
    }
    const upcoming = this.#begin();
    if (early === undefined && upcoming.length === 0) return this.#readNow(calls, key);
    const sentAt = performance.now();
    const run = this.#number;
    const { maxBytes } = calls;
    const listed = upcoming.map(([, one]) => one);
    const call = { op: "getAhead", key, maxBytes, run, upcoming: listed, keepMs: this.#keepMs } as const;
    const arrived = calls.call(call, "get");
    const valueOf = ({ body, afterMs }: Arrived): NonNullable<Early["value"]> => ({
      body,
      at: sentAt + afterMs,
    });
    if (early !== undefined) {
      // Callbacks during a `deasync` wait may have told the program something.
      early.value = valueOf(arrived.first);
      if (this.#isTooOld(early)) return this.#readNow(calls, key);
    }
    if (run === this.#number) {
      for (const [index, one] of arrived.ahead.entries()) {
        const begun = this.#early.get(upcoming[index]![0]);
        if (begun !== undefined) begun.value = valueOf(one);
      }
    }
    return arrived.first.body;
  }

  /** Ends the run, and drops its prefetches. */
  end(): void {
    this.#early.clear();
    this.#tellLeft();
  }

  #readNow(calls: BucketReader, key: string): Reading | undefined {
    const reading = calls.readNow(key);
    // The run's own call does not make its prefetches too old. If there are some by now, a callback began them during this
    // call, in a `deasync` wait. They are judged by all calls since then.
    if (this.#early.size === 0) this.#catchUp();
    return reading;
  }

  #isTooOld(early: Early | undefined): boolean {
    if (lastWriteTo(this.shared.settings.client.bucket) !== this.#lastWrite) return true;
    if (this.#mayBeStale) return false;
    if (callsSoFar() !== this.#calls) return true;
    if (outsideMs() - (early?.outsideMs ?? this.#outsideMs) > MAX_OUTSIDE_MS) return true;
    const value = early?.value;
    if (value === undefined) return false;
    return performance.now() - value.at > LIVES_MS;
  }

  #catchUp(): void {
    this.#outsideMs = outsideMs();
    this.#calls = callsSoFar();
    this.#lastWrite = lastWriteTo(this.shared.settings.client.bucket);
  }

  #drop(inVain: boolean = false): void {
    if (this.#early.size > 0) {
      this.#tellLeft();
      this.#number = newNumber();
      if (inVain) this.#inVain += this.#early.size;
    }
    if (inVain) this.#streak = 0;
    this.#early.clear();
    this.#told = this.#nextIndex;
    this.#catchUp();
  }

  /**
   * Starts prefetches up to the end of the window.
   *
   * @returns those that have not arrived, by position; with `onlyNew`, only those that the worker does not know yet
   */
  #begin(onlyNew: boolean = false): [number, Listed][] {
    const { keys, sizes, prefix } = this.#reads;
    const end = Math.min(keys.length, this.#nextIndex + this.#window);
    const upcoming: [number, Listed][] = [];
    let total = 0;
    for (let at = this.#nextIndex; at < end; at += 1) {
      const bytes = sizes[at] ?? Infinity;
      total += bytes;
      if (total > MAX_BYTES) break;
      const early = this.#early.get(at);
      if (early === undefined) this.#early.set(at, { outsideMs: outsideMs() });
      if (early === undefined || (!onlyNew && early.value === undefined))
        upcoming.push([at, { key: prefix + keys[at]!, bytes }]);
      this.#told = Math.max(this.#told, at + 1);
    }
    return upcoming;
  }

  get #window(): number {
    // One of the requests is the read that the program is waiting for.
    const most = this.shared.settings.client.concurrency - 1;
    const goneWell = this.#streak - (this.#inVain === 0 ? 1 : CAUTION);
    if (goneWell < 0) return 0;
    const mayWaste = 2 * most + Math.floor(this.#readSoFar / WASTE) - this.#inVain;
    return Math.max(0, Math.min(2 ** Math.min(goneWell, 11), most, mayWaste));
  }

  get #keepMs(): number {
    return this.#mayBeStale ? LIVES_STALE_MS : LIVES_MS;
  }

  // To save messages, it tells the worker only when a quarter of the window is new.
  #tellNext(): void {
    const window = this.#window;
    const end = Math.min(this.#reads.keys.length, this.#nextIndex + window);
    if ((end - this.#told) * 4 < window) return;
    const upcoming = this.#begin(true).map(([, listed]) => listed);
    if (upcoming.length === 0) return;
    const { timeoutMs } = this.shared.settings;
    const ahead = { type: "ahead", run: this.#number, upcoming, timeoutMs, keepMs: this.#keepMs } as const;
    this.shared.bridge?.post(this.shared, (settings) => ({ ...ahead, settings }));
  }

  #tellLeft(): void {
    const run = this.#number;
    this.shared.bridge?.post(this.shared, (settings) => ({ type: "leave", settings, run }));
  }
}
