import { exit } from "../global/at-exit.js";
import type { Begun, Caller } from "../bridge/begun.js";
import type { Bridge } from "../bridge/bridge.js";
import { operations } from "../bridge/operations.js";
import type { Call, Op } from "../bridge/operations.js";
import type { Failure } from "../bridge/protocol.js";
import { countFrames, inFrame, thisCopy } from "../global/stack-frames.js";
import { fatalCodes } from "../errors/code-sets.js";

type PipelinedCall = Call<"set" | "delete">;

/** How many bytes of values may be in flight. */
const MAX_BYTES = 64 * 1024 * 1024;

// Identifies a batch of this copy of the library on the JavaScript stack. It is a string so that minifiers keep it.
const mark = `s3bucketmap:batch ${thisCopy}`;

interface UnderWay {
  readonly sent: Begun<PipelinedCall["op"]>;
  readonly key: string;
  readonly bytes: number;
}

interface FailedEnd {
  readonly op: PipelinedCall["op"];
  readonly failure: Failure;
}

/** The outcome of the last write to a key. */
type End = FailedEnd | { readonly op: PipelinedCall["op"]; readonly failure?: undefined };

/** The writes of one batch, which are sent without waiting, a limited number at a time. */
export class WritePipeline {
  /** By full key. A write without a failure is durable. */
  readonly ends: Map<string, End> = new Map();
  /** A failure that every further write would meet, too, so none is sent. */
  stopped: Failure | undefined;
  /** Errors of failed writes that a call in the batch has thrown. */
  readonly thrown: Set<unknown> = new Set();
  readonly #failed: Map<string, FailedEnd> = new Map();
  readonly #bridge: Bridge;
  readonly #caller: Caller;
  readonly #errorOf: (key: string, end: FailedEnd) => Error;
  readonly #concurrency: number;
  readonly #depth: number;
  readonly #prefix: string;
  #underWay: UnderWay[] = [];
  #bytes = 0;
  #anySucceeded = false;

  constructor(
    bridge: Bridge,
    caller: Caller,
    prefix: string,
    errorOf: (key: string, end: FailedEnd) => Error,
  ) {
    this.#bridge = bridge;
    this.#caller = caller;
    this.#errorOf = errorOf;
    this.#concurrency = caller.settings.client.concurrency;
    this.#depth = bridge.depth;
    this.#prefix = prefix;
  }

  /** Whether a write to this key by this caller belongs to the batch now. */
  covers(caller: Caller, key: string): boolean {
    return this.isRunning(caller) && key.startsWith(this.#prefix);
  }

  /** Whether a call by this caller is one of the batch's function. Callbacks during a `deasync` wait are not. */
  isRunning(caller: Caller): boolean {
    return caller === this.#caller && this.#bridge.depth === this.#depth;
  }

  write(call: PipelinedCall): void {
    const { op, key } = call;
    const bytes = call.op === "set" ? call.body.length : 0;
    while (this.#isFull(bytes)) this.#awaitSome();
    const sent =
      this.stopped === undefined
        ? this.#bridge.begin(this.#caller, call)
        : { failure: { ...this.stopped, mayHaveBeenApplied: false } };
    if ("failure" in sent) {
      // Earlier writes to the key must not end after this one.
      this.#awaitWrites((each) => each === key);
      this.#end(key, { op, failure: sent.failure });
      return;
    }
    this.#underWay.push({ sent, key, bytes });
    this.#bytes += bytes;
  }

  /**
   * Waits for the writes to the keys that are seen.
   *
   * @throws the error of such a write: what is stored is not what the program wrote
   */
  check(isSeen: (key: string) => boolean): void {
    this.#awaitWrites(isSeen);
    for (const [key, end] of this.#failed) {
      if (!isSeen(key)) continue;
      const error = this.#errorOf(key, end);
      this.thrown.add(error);
      throw error;
    }
  }

  /** A call that waited has written the key after the batch did. */
  overwritten(key: string): void {
    // The worker has carried out the batch's writes to the key first, so their answers are there.
    this.#awaitWrites((each) => each === key);
    this.stopped = undefined;
    this.#anySucceeded = true;
    const failed = this.#failed.get(key);
    if (failed !== undefined) this.#end(key, { op: failed.op });
  }

  /** Waits until all writes have ended. */
  finish(): void {
    while (this.#underWay.length > 0) this.#awaitSome();
  }

  #end(key: string, end: End): void {
    this.ends.set(key, end);
    if (end.failure === undefined) this.#failed.delete(key);
    else this.#failed.set(key, end);
  }

  #isFull(bytes: number): boolean {
    if (this.#underWay.length === 0) return false;
    return this.#underWay.length >= this.#concurrency || this.#bytes + bytes > MAX_BYTES;
  }

  #awaitWrites(isMeant: (key: string) => boolean): void {
    while (this.#underWay.some(({ key }) => isMeant(key))) this.#awaitSome();
  }

  #awaitSome(): void {
    const ended = this.#bridge.finishSome(this.#underWay.map(({ sent }) => sent));
    const still: UnderWay[] = [];
    for (const one of this.#underWay) {
      const outcome = ended.get(one.sent);
      if (outcome === undefined) {
        still.push(one);
        continue;
      }
      this.#bytes -= one.bytes;
      const { key } = one;
      const { op } = one.sent;
      // In program order, because the last of several writes to a key counts.
      if (outcome.ok) {
        this.#end(key, { op });
        this.#anySucceeded = true;
        noteWritten(this.#caller, key, this);
      } else {
        this.#end(key, { op, failure: outcome.failure });
        // Later writes are not sent at all.
        if (fatalCodes.has(outcome.failure.code) && !this.#anySucceeded) this.stopped ??= outcome.failure;
      }
    }
    this.#underWay = still;
  }
}

// The open batches, innermost last.
let open: WritePipeline[] = [];

/** The innermost batch that a write belongs to. */
export function pipelineFor(caller: Caller, key: string): WritePipeline | undefined {
  // If the function of a batch ended the process, nothing waits for writes that exit handlers would add to the batch.
  if (open.length === 0 || exit().hasBegun) return undefined;
  forgetInterrupted();
  return open.findLast((batch) => batch.covers(caller, key));
}

/**
 * Waits for the writes of open batches whose result this call would show.
 *
 * @throws the error of such a write, because the call would show an older value
 */
export function checkWritesBefore<One extends Op>(caller: Caller, call: Call<One>): void {
  if (open.length === 0) return;
  forgetInterrupted();
  const isSeen = seenBy(call);
  // Innermost first, because what an inner batch has written makes up for a failure of an outer one.
  for (const batch of open.toReversed()) if (batch.isRunning(caller)) batch.check(isSeen);
}

/** Tells open batches that a key has been written: by a batch inside them, or by a call of this caller. */
export function noteWritten(caller: Caller, key: string, by?: WritePipeline): void {
  const outer = by === undefined ? open : open.slice(0, Math.max(0, open.indexOf(by)));
  for (const batch of outer) if (batch.covers(caller, key)) batch.overwritten(key);
}

function seenBy<One extends Op>(call: Call<One>): (key: string) => boolean {
  const { isWrite, keys, reads, readsFrom } = operations[call.op];
  // What it reads from another bucket, the batch has not written.
  const read = readsFrom?.(call) === undefined ? reads?.(call) : undefined;
  const seen = isWrite ? (read ?? []) : keys(call);
  if (seen !== "all") return (key) => seen.includes(key);
  const prefix = "prefix" in call ? call.prefix : "";
  return (key) => key.startsWith(prefix);
}

/** Whether any batch is open, of any map. */
export function isAnyOpen(): boolean {
  forgetInterrupted();
  return open.length > 0;
}

/**
 * Runs `fn` while the batch is open.
 *
 * @param atExit - called if `fn` ends the process
 */
export function within<T>(batch: WritePipeline, fn: () => T, atExit: () => void): T {
  forgetInterrupted();
  const before = open;
  open = [...open, batch];
  const { tasks } = exit();
  const task = (): void => {
    forgetInterrupted();
    if (open.includes(batch)) atExit();
  };
  tasks.add(task);
  try {
    return inFrame(mark, fn);
  } finally {
    tasks.delete(task);
    open = before;
  }
}

// Ctrl-C in the REPL ends a batch without running `finally`. A batch that is not on the stack has ended.
function forgetInterrupted(): void {
  if (open.length > 0) open = open.slice(0, countFrames(mark));
}
