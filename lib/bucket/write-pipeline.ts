import { exit } from "../global/at-exit.js";
import type { Begun, Caller } from "../bridge/begun.js";
import type { Bridge } from "../bridge/bridge.js";
import type { Call } from "../bridge/operations.js";
import type { Failure } from "../bridge/protocol.js";
import { countFrames, thisCopy } from "../global/stack-frames.js";
import { fatalCodes } from "../errors/code-sets.js";

type PipelinedCall = Call<"set" | "delete">;

/** How many bytes of values may be in flight. */
const MAX_BYTES = 64 * 1024 * 1024;

// Identifies a batch of this copy of the library on the JavaScript stack. It is a string so that minifiers keep it.
const mark = `s3bucketmap:batch ${thisCopy}`;

interface UnderWay {
  readonly sent: Begun<PipelinedCall["op"]>;
  readonly call: { op: PipelinedCall["op"]; key: string };
  readonly bytes: number;
}

/** The outcome of the last write to a key. */
interface End {
  readonly op: PipelinedCall["op"];
  readonly failure?: Failure;
}

/** The writes of one batch, which are sent without waiting, a limited number at a time. */
export class WritePipeline {
  /** By full key. A write without a failure is durable. */
  readonly ends: Map<string, End> = new Map();
  /** A failure that every further write would meet, too. */
  stopped: Failure | undefined;
  readonly #bridge: Bridge;
  readonly #caller: Caller;
  readonly #concurrency: number;
  readonly #depth: number;
  readonly #prefix: string;
  #underWay: UnderWay[] = [];
  #bytes = 0;
  #anySucceeded = false;

  constructor(bridge: Bridge, caller: Caller, prefix: string) {
    this.#bridge = bridge;
    this.#caller = caller;
    this.#concurrency = caller.settings.client.concurrency;
    this.#depth = bridge.depth;
    this.#prefix = prefix;
  }

  /** Whether a write to this key by this caller belongs to the batch now. */
  covers(caller: Caller, key: string): boolean {
    if (caller !== this.#caller) return false;
    // Callbacks during a `deasync` wait are not part of the batch's function.
    return this.#bridge.depth === this.#depth && key.startsWith(this.#prefix);
  }

  write(call: PipelinedCall): void {
    const { op, key } = call;
    if (this.stopped !== undefined) {
      this.ends.set(key, { op, failure: this.stopped });
      return;
    }
    const bytes = call.op === "set" ? call.body.length : 0;
    while (this.#isFull(bytes)) this.#awaitSome();
    const sent = this.#bridge.begin(this.#caller, call);
    if ("failure" in sent) {
      this.ends.set(key, { op, failure: sent.failure });
      return;
    }
    this.#underWay.push({ sent, call: { op, key }, bytes });
    this.#bytes += bytes;
  }

  /** Waits until all writes have ended. */
  finish(): void {
    while (this.#underWay.length > 0) this.#awaitSome();
  }

  #isFull(bytes: number): boolean {
    if (this.#underWay.length === 0) return false;
    return this.#underWay.length >= this.#concurrency || this.#bytes + bytes > MAX_BYTES;
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
      const { op, key } = one.call;
      // In program order, because the last of several writes to a key counts.
      if (outcome.ok) {
        this.ends.set(key, { op });
        this.#anySucceeded = true;
      } else {
        this.ends.set(key, { op, failure: outcome.failure });
        // Later writes are not sent at all.
        if (fatalCodes.has(outcome.failure.code) && !this.#anySucceeded)
          this.stopped = { ...outcome.failure, mayHaveBeenApplied: false };
      }
    }
    this.#underWay = still;
  }
}

// The open batches, innermost last.
let open: WritePipeline[] = [];

/** The innermost batch that a write belongs to. */
export function pipelineFor(caller: Caller, key: string): WritePipeline | undefined {
  if (open.length === 0) return undefined;
  forgetInterrupted();
  return open.findLast((batch) => batch.covers(caller, key));
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
    return markedFrame(fn) as T;
  } finally {
    tasks.delete(task);
    open = before;
  }
}

// Ctrl-C in the REPL ends a batch without running `finally`. A batch that is not on the stack has ended.
function forgetInterrupted(): void {
  if (open.length > 0) open = open.slice(0, countFrames(mark));
}

const markedFrame = (fn: () => unknown): unknown => fn();
Object.defineProperty(markedFrame, "name", { value: mark });
