import type { Call, Result } from "../bridge/operations.js";
import type { Arrived, Listed, Reading } from "../bridge/protocol.js";
import { Deadline } from "./deadline.js";

type Get = (key: string, maxBytes: number, signal: AbortSignal) => Promise<Reading | undefined>;

interface Early {
  /** Never rejects: what failed ahead is asked again when it is asked for. */
  readonly end: Promise<void>;
  /** As it was listed. */
  readonly bytes: number;
  result?: { body: Reading | undefined; at: number };
}

/** An error's own body must fit, however small the value was when it was listed. */
const MIN_MAX_BYTES = 64 * 1024;

/** Iterators that nobody goes on with: beyond so many, or so many bytes, the oldest give way. */
const MOST_RUNS = 64;
const MOST_BYTES = 64 * 1024 * 1024;

/** What was read ahead for one run of reads, by key. */
class Run {
  readonly early: Map<string, Early> = new Map();
  readonly deadlines: Set<Deadline> = new Set();
  expiry: NodeJS.Timeout | undefined;

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.early.values()) sum += bytes;
    return sum;
  }

  end(): void {
    clearTimeout(this.expiry);
    for (const deadline of this.deadlines) deadline.cancel();
  }
}

// Of all maps, the one that was used last is the last.
const runs = new Map<number, Run>();

/**
 * Reads what is likely to be asked next. Whether it may still be used, and so how far it goes, the calling thread
 * knows: here is only what it named last.
 */
export class Prefetch {
  readonly #get: Get;

  constructor(get: Get) {
    this.#get = get;
  }

  /** A value, and those of the next keys that are there, without a gap. */
  async get(
    { key, maxBytes, run: number, next, keepMs }: Call<"getAhead">,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Result<"getAhead">> {
    const cameAt = performance.now();
    const arrived = ({ body, at }: { body: Reading | undefined; at: number }): Arrived => ({
      body,
      afterMs: at - cameAt,
    });
    const readNow = async (): Promise<NonNullable<Early["result"]>> => {
      const body = await this.#get(key, maxBytes, signal);
      return { body, at: performance.now() };
    };
    const run = use(number);
    const early = run.early.get(key);
    run.early.delete(key);
    const asked = early === undefined ? readNow() : undefined;
    this.#begin(run, next, timeoutMs);
    await early?.end;
    const first = arrived(await (asked ?? early?.result ?? readNow()));
    // What has come at the same time should come along.
    await new Promise(setImmediate);
    const ahead: Arrived[] = [];
    for (const { key: nextKey } of next) {
      const there = run.early.get(nextKey)?.result;
      if (there === undefined) break;
      ahead.push(arrived(there));
      run.early.delete(nextKey);
    }
    keep(number, run, keepMs);
    return { first, ahead };
  }

  /** Begins to read what is likely to be asked next. */
  prepare(number: number, next: readonly Listed[], timeoutMs: number, keepMs: number): void {
    const run = use(number);
    this.#begin(run, next, timeoutMs);
    keep(number, run, keepMs);
  }

  leave(number: number): void {
    runs.get(number)?.end();
    runs.delete(number);
  }

  #begin(run: Run, next: readonly Listed[], timeoutMs: number): void {
    for (const { key, bytes } of next) {
      if (run.early.has(key)) continue;
      const deadline = new Deadline(timeoutMs);
      run.deadlines.add(deadline);
      const early: Early = {
        bytes,
        // Where it has grown since it was listed, it could be too much for the memory.
        end: deadline.race(this.#get(key, Math.max(bytes, MIN_MAX_BYTES), deadline.signal)).then(
          (body) => void (early.result = { body, at: performance.now() }),
          () => {},
        ),
      };
      run.early.set(key, early);
      void early.end.then(() => {
        deadline.clear();
        run.deadlines.delete(deadline);
      });
    }
    giveWay(run);
  }
}

function use(number: number): Run {
  const run = runs.get(number) ?? new Run();
  runs.delete(number);
  runs.set(number, run);
  clearTimeout(run.expiry);
  return run;
}

function keep(number: number, run: Run, keepMs: number): void {
  clearTimeout(run.expiry);
  if (runs.get(number) !== run) return;
  run.expiry = setTimeout(() => {
    run.end();
    runs.delete(number);
  }, keepMs);
}

function giveWay(to: Run): void {
  let bytes = 0;
  let count = 0;
  for (const [number, run] of [...runs].reverse()) {
    bytes += run.bytes;
    count += 1;
    if (run === to || (count <= MOST_RUNS && bytes <= MOST_BYTES)) continue;
    run.end();
    runs.delete(number);
  }
}
