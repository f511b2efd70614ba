import type { Call, Listed, Reading, Results } from "../bridge/protocol.js";
import { Deadline } from "./deadline.js";

type Get = (key: string, maxBytes: number, signal: AbortSignal) => Promise<Reading | undefined>;

interface Early {
  /** Never rejects: what failed ahead is asked again when it is asked for. */
  readonly end: Promise<void>;
  result?: { body: Reading | undefined };
}

/** An error's own body must fit, however small the value was when it was listed. */
const MIN_MAX_BYTES = 64 * 1024;

/** What was read ahead for one run of reads, by key. */
class Run {
  readonly early: Map<string, Early> = new Map();
  readonly deadlines: Set<Deadline> = new Set();
  expiry: NodeJS.Timeout | undefined;
}

/**
 * Reads what is likely to be asked next. Whether it may still be used, and so how far it goes, the calling thread
 * knows: here is only what it named last.
 */
export class ReadAhead {
  readonly #get: Get;
  readonly #runs: Map<number, Run> = new Map();

  constructor(get: Get) {
    this.#get = get;
  }

  /** A value, and those of the next keys that are there, without a gap. */
  async get(
    { key, maxBytes, run: number, next, keepMs }: Extract<Call, { op: "getAhead" }>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Results["getAhead"]> {
    const run = this.#run(number);
    const early = run.early.get(key);
    run.early.delete(key);
    const asked = early === undefined ? this.#get(key, maxBytes, signal) : undefined;
    this.#begin(run, next, timeoutMs);
    await early?.end;
    const first =
      asked === undefined
        ? early?.result !== undefined
          ? early.result.body
          : await this.#get(key, maxBytes, signal)
        : await asked;
    // What has come at the same time should come along.
    await new Promise(setImmediate);
    const ahead: (Reading | undefined)[] = [];
    for (const { key: nextKey } of next) {
      const there = run.early.get(nextKey)?.result;
      if (there === undefined) break;
      ahead.push(there.body);
      run.early.delete(nextKey);
    }
    this.#keep(number, run, keepMs);
    return { first, ahead };
  }

  /** Begins to read what is likely to be asked next. */
  prepare(number: number, next: readonly Listed[], timeoutMs: number, keepMs: number): void {
    const run = this.#run(number);
    this.#begin(run, next, timeoutMs);
    this.#keep(number, run, keepMs);
  }

  leave(number: number): void {
    const run = this.#runs.get(number);
    if (run === undefined) return;
    this.#runs.delete(number);
    clearTimeout(run.expiry);
    for (const deadline of run.deadlines) deadline.cancel();
  }

  #run(number: number): Run {
    const run = this.#runs.get(number) ?? new Run();
    this.#runs.set(number, run);
    clearTimeout(run.expiry);
    return run;
  }

  #begin(run: Run, next: readonly Listed[], timeoutMs: number): void {
    for (const { key, bytes } of next) {
      if (run.early.has(key)) continue;
      const deadline = new Deadline(timeoutMs);
      run.deadlines.add(deadline);
      const early: Early = {
        // Where it has grown since it was listed, it could be too much for the memory.
        end: deadline.race(this.#get(key, Math.max(bytes, MIN_MAX_BYTES), deadline.signal)).then(
          (body) => void (early.result = { body }),
          () => {},
        ),
      };
      run.early.set(key, early);
      void early.end.then(() => {
        deadline.clear();
        run.deadlines.delete(deadline);
      });
    }
  }

  #keep(number: number, run: Run, keepMs: number): void {
    clearTimeout(run.expiry);
    if (this.#runs.get(number) === run) run.expiry = setTimeout(() => this.leave(number), keepMs);
  }
}
