import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers";
import { entered, left } from "./bridge/absence.js";
import type { Bridge, Caller } from "./bridge/bridge.js";
import type { Listed, Reading, Results } from "./bridge/protocol.js";
import { Run } from "./read-ahead-run.js";
import type { ExpectedReads } from "./read-ahead-run.js";

/** Of loops within loops, the outermost beyond this are read one by one. */
const MOST_RUNS = 4;

/** How long a run is kept that does not go on; of those by contract, whose program may be at work on a value, longer. */
const LIVES_MS = 1000;
const LIVES_BY_CONTRACT_MS = 60_000;

/** Asks for a value and, for a run, for what is likely to be read after it. */
export interface Ask {
  plain(): Reading | undefined;
  ahead(run: number, next: Listed[], keepMs: number): Results["getAhead"];
}

/**
 * The reads of one bucket, of which some have begun before they were asked for. It is not to be seen: what began early
 * is dropped on any write of this thread to the bucket and after a time outside the library.
 */
export class ReadAhead {
  readonly #bridge: Bridge;
  readonly #caller: Caller;
  readonly #bucket: string;
  readonly #concurrency: number;
  #runs: Run[] = [];
  #tidiesUp = false;

  constructor(bridge: Bridge, caller: Caller) {
    this.#bridge = bridge;
    this.#caller = caller;
    this.#bucket = caller.settings.client.bucket;
    this.#concurrency = caller.settings.client.concurrency;
  }

  /** Keys that were listed and are likely to be read; of the run, if it goes on with them. */
  expect(reads: ExpectedReads, run: Run = this.begin(false)): void {
    run.expect(reads);
    run.usedAt = performance.now();
    if (this.#runs.includes(run)) return;
    while (this.#runs.length >= MOST_RUNS) this.leave(this.#runs[0]!);
    this.#runs.push(run);
    if (!this.#tidiesUp) this.#tidyUpLater();
  }

  /** A run whose keys are yet to be listed. */
  begin(byContract: boolean): Run {
    return new Run(this.#bucket, byContract);
  }

  /** The run does not go on. */
  leave(run: Run): void {
    this.#runs = this.#runs.filter((one) => one !== run);
    this.#tellLeft(run.number);
  }

  get(key: string, ask: Ask): Reading | undefined {
    entered();
    for (const run of this.#runs) this.#closeIfStale(run);
    const run =
      this.#runs.findLast((one) => one.isNext(key)) ??
      this.#runs.findLast((one) => one.find(key) !== undefined);
    if (run === undefined) return ask.plain();
    const position = run.isNext(key) ? run.next : run.find(key)!;
    const { number: before } = run;
    const hasBegun = run.hasBegun(position);
    const closed = run.moveTo(position);
    if (closed) this.#tellLeft(before);
    const early = run.take(position);
    if (early !== undefined) {
      this.#prepare(run);
      left();
      return early.body;
    }
    const next = run.ahead(this.#concurrency);
    if (next.length === 0 && (closed || !hasBegun)) return ask.plain();
    const { number } = run;
    const { first, ahead } = ask.ahead(number, next, livesMs(run));
    // Within a `deasync` wait the program may have gone on, and written.
    this.#closeIfStale(run);
    if (run.number === number) run.hold(position + 1, ahead);
    return first;
  }

  #closeIfStale(run: Run): void {
    const { number } = run;
    if (run.closeIfStale(this.#bucket)) this.#tellLeft(number);
  }

  #prepare(run: Run): void {
    const next = run.ahead(this.#concurrency, true);
    if (next.length === 0) return;
    const { timeoutMs } = this.#caller.settings;
    const keepMs = livesMs(run);
    this.#bridge.tell(this.#caller, (settings) => ({
      type: "ahead",
      settings,
      run: run.number,
      next,
      timeoutMs,
      keepMs,
    }));
  }

  #tellLeft(run: number): void {
    this.#bridge.tell(this.#caller, (settings) => ({ type: "leave", settings, run }));
  }

  // A million keys must not stay in memory for reads that will not come.
  #tidyUpLater(): void {
    this.#tidiesUp = this.#runs.length > 0;
    if (!this.#tidiesUp) return;
    setTimeout(() => {
      const now = performance.now();
      for (const run of this.#runs) if (now - run.usedAt > livesMs(run)) this.leave(run);
      this.#tidyUpLater();
    }, LIVES_MS).unref();
  }
}

function livesMs({ byContract }: Run): number {
  return byContract ? LIVES_BY_CONTRACT_MS : LIVES_MS;
}
