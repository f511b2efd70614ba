import { performance } from "node:perf_hooks";
import { absences, writesTo } from "./bridge/absence.js";
import type { Listed, Reading } from "./bridge/protocol.js";
import { comesBefore } from "./utf8-order.js";

/** What one run of reads may have early, by the sizes that were listed. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Keys of a listing, in order, that are likely to be read. */
export interface ExpectedReads {
  /** Joined with each of the keys it gives the whole one. */
  readonly prefix: string;
  readonly keys: readonly string[];
  /** Of their values, in bytes. */
  readonly sizes: Float64Array;
}

let lastNumber = 0;

/**
 * How far reads have followed a listing in order. Each read that is the next one makes the window of those that begin
 * early double, from 1; a key that is left out, a write or a time outside closes it.
 */
export class Run {
  /** Whether the program asked for values in order, and so for older ones where its own work takes long. */
  readonly byContract: boolean;
  /** By which the worker knows it: another one after each closing. */
  number: number = ++lastNumber;
  usedAt: number = performance.now();
  #reads: ExpectedReads = { prefix: "", keys: [], sizes: new Float64Array() };
  /** The values that came early, by position. */
  readonly #held: Map<number, Reading | undefined> = new Map();
  #next = 0;
  /** Up to where the worker was told to read. */
  #told = 0;
  #streak = 0;
  /** So many consecutive reads it takes until the window opens. */
  #patience = 0;
  #absences: number = absences();
  #writes: number;

  constructor(bucket: string, byContract: boolean) {
    this.#writes = writesTo(bucket);
    this.byContract = byContract;
  }

  /** Goes on with other keys: the listing's first, or its next page. */
  expect(reads: ExpectedReads): void {
    this.#held.clear();
    this.#reads = reads;
    this.#next = this.#told = 0;
  }

  /** Whether this is the key that comes next. */
  isNext(key: string): boolean {
    const { keys, prefix } = this.#reads;
    const next = keys[this.#next];
    return next !== undefined && key.length === prefix.length + next.length && key === prefix + next;
  }

  /** Where the key comes later; undefined where it does not. */
  find(key: string): number | undefined {
    const { keys, prefix } = this.#reads;
    if (!key.startsWith(prefix)) return undefined;
    const relative = key.slice(prefix.length);
    let [from, to] = [this.#next, keys.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (comesBefore(keys[middle]!, relative)) from = middle + 1;
      else to = middle;
    }
    return keys[from] === relative ? from : undefined;
  }

  /** Whether the worker may be reading the value of this position, where the run has not come to yet. */
  hasBegun(position: number): boolean {
    return position < this.#told;
  }

  /** The position that comes next. */
  get next(): number {
    return this.#next;
  }

  /** Forgets what may not be used any more. True where the worker must forget, too. */
  closeIfStale(bucket: string): boolean {
    const writes = writesTo(bucket);
    const gone = absences();
    const stale = writes !== this.#writes || (gone !== this.#absences && !this.byContract);
    this.#writes = writes;
    this.#absences = gone;
    return stale && this.#close();
  }

  /** Moves on past a position. True where the worker must forget what it read for this run. */
  moveTo(position: number): boolean {
    const skips = position !== this.#next;
    this.usedAt = performance.now();
    const closed = skips && this.#close();
    // A single read somewhere in the listing costs one request, and no more.
    if (skips) this.#patience = Math.max(1, this.#patience);
    this.#next = position + 1;
    this.#told = Math.max(this.#told, this.#next);
    this.#streak += 1;
    return closed;
  }

  /** The value of the position, if it came early. */
  take(position: number): { body: Reading | undefined } | undefined {
    if (!this.#held.has(position)) return undefined;
    const body = this.#held.get(position);
    this.#held.delete(position);
    return { body };
  }

  /** Keeps values that came early, from a position on. */
  hold(from: number, bodies: readonly (Reading | undefined)[]): void {
    for (const [at, body] of bodies.entries()) if (from + at >= this.#next) this.#held.set(from + at, body);
  }

  /** What is to be read early, beside what has come. With `onlyNew`, and only where it is worth telling, what the worker does not know. */
  ahead(concurrency: number, onlyNew = false): Listed[] {
    const grown = this.#streak - 1 - this.#patience;
    // One of the requests under way is the read that is waited for.
    const window = grown < 0 ? 0 : Math.min(2 ** Math.min(grown, 11), concurrency - 1);
    const { keys, sizes, prefix } = this.#reads;
    const end = Math.min(keys.length, this.#next + window);
    if (onlyNew && (end - this.#told) * 4 < window) return [];
    const next: Listed[] = [];
    let total = 0;
    for (let at = this.#next; at < end; at += 1) {
      const bytes = sizes[at] ?? Infinity;
      total += bytes;
      if (total > MAX_BYTES) break;
      if (!this.#held.has(at) && (!onlyNew || at >= this.#told))
        next.push({ key: prefix + keys[at]!, bytes });
      this.#told = Math.max(this.#told, at + 1);
    }
    return next;
  }

  // A loop that writes, waits or leaves keys out at each turn must not pay for each of them twice.
  #close(): boolean {
    const wasted = this.#told > this.#next;
    if (wasted) {
      this.#patience = this.#streak > 64 ? 2 : Math.max(2, this.#patience * 2);
      this.number = ++lastNumber;
    }
    this.#held.clear();
    this.#streak = 0;
    this.#told = this.#next;
    return wasted;
  }
}
