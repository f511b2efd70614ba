import { performance } from "node:perf_hooks";
import { atomicsWait } from "./atomics-wait.js";
import { callLimit } from "./call-limit.js";
import { deasyncWait } from "./deasync-wait.js";
import { environmentOf, noEnvironment } from "../arguments/environment.js";
import { called, entered, left, turned } from "../copies/history.js";
import { spin } from "./spin.js";
import { Signal } from "./messages.js";
import type { ToWorker } from "./messages.js";
import { operations } from "./operations.js";
import type { Call, Op, Result } from "./operations.js";
import type { ClientConfig, Environment, Failure } from "./protocol.js";
import type { KnownSettings } from "./shared-thread.js";
import { isExiting } from "../copies/thread-wide.js";
import type { WaitName } from "./wait.js";
import { WaitStack } from "./wait-stack.js";
import { workerFailed } from "./worker-failed.js";
import { WorkerThread } from "./worker-thread.js";

/**
 * How much of its time a call leaves for the worker's own account of how it timed out, so that even a
 * worker that says nothing does not hold it beyond its deadline.
 */
function marginOf(timeoutMs: number): number {
  return Math.min(2000, timeoutMs / 10);
}

/** For how long calls wait in vain, all of them together, before the worker is given up. */
const SILENT_MS = 1000;

/** A call that has been sent and not yet been waited for. */
export interface Begun<One extends Op = Op> {
  readonly op: One;
  readonly bucket: string;
  readonly id: number;
  readonly thread: WorkerThread;
  readonly wait: WaitName;
  readonly deadline: number;
  readonly timeoutMs: number;
  /** Whether its deadline is one that `within` set. */
  readonly isCutShort: boolean;
  /** Of the thread, before the worker heard of the call. */
  readonly writesSent: number;
}

export type Outcome<One extends Op = Op> = { ok: true; value: Result<One> } | { ok: false; failure: Failure };

/** Who calls: the settings of a map, and what of them the worker already knows. */
export interface Caller {
  readonly settings: { client: ClientConfig; wait: WaitName; timeoutMs: number };
  /** As it was at the first request, and not when the map was made: it may have been filled in between. */
  environment?: Environment;
  /** The thread that was told these settings, and what it knows them by. */
  known?: { thread: WorkerThread; settings: KnownSettings };
}

/**
 * Carries blocking calls to the worker thread that does all that is asynchronous. There is one for all
 * maps of a thread. Its worker starts with the first call, and again with the next one after it died.
 *
 * An interruption by Ctrl-C in the REPL unwinds a call without its `finally`: what is right afterwards
 * follows from the ids of calls alone, never from state that a call was to tidy up.
 */
export class Bridge {
  #thread: WorkerThread | undefined;
  readonly #hasWaits: Set<WaitName> = new Set();
  readonly #waits: WaitStack = new WaitStack();
  /** The calls that write and have not been finished. One that Ctrl-C has ended is among them until the next call. */
  readonly #writes: Map<number, WorkerThread> = new Map();

  /** Starts the worker, if there is none, and does not wait for it: the first call then takes less time. */
  start(): void {
    try {
      this.#livingThread();
    } catch {
      // The first call will say so.
    }
  }

  call<One extends Op>(
    caller: Caller,
    call: Call<One>,
    timeoutMs: number = caller.settings.timeoutMs,
  ): Outcome<One> {
    const begun = this.begin(caller, call, timeoutMs);
    return "failure" in begun ? { ok: false, failure: begun.failure } : this.finish(begun);
  }

  /** Sends a call without waiting for it: the worker carries it out meanwhile. */
  begin<One extends Op>(
    caller: Caller,
    call: Call<One>,
    mayTakeMs: number = caller.settings.timeoutMs,
  ): Begun<One> | { failure: Failure } {
    const { bucket } = caller.settings.client;
    entered();
    called(call.op, bucket);
    const { wait } = caller.settings;
    const now = performance.now();
    const limitMs = callLimit() - now;
    const isCutShort = limitMs < mayTakeMs;
    const timeoutMs = isCutShort ? limitMs : mayTakeMs;
    if (timeoutMs <= 0) return { failure: { code: "TimedOut", reason: "nothing was sent" } };
    const deadline = now + timeoutMs;
    for (const id of this.#waits.takeAbandoned()) this.#abandon(id);
    if (this.#waits.isFull) return { failure: { code: "TooManyNestedCalls" } };

    let thread: WorkerThread;
    try {
      thread = this.#livingThread();
    } catch (error) {
      return { failure: workerFailed("WorkerNotStarted", error) };
    }
    let { known } = caller;
    if (known?.thread !== thread || known.settings.isForgotten) {
      const { client } = caller.settings;
      caller.environment ??= client.local === undefined ? environmentOf(process.env) : noEnvironment;
      caller.known = known = { thread, settings: thread.tellSettings(client, caller.environment) };
    }
    // Sent even while the worker is still starting, so that calls from within the wait come after this one.
    const id = thread.newCall();
    const { writesSent } = thread;
    if (operations[call.op].isWrite) this.#writes.set(id, thread);
    thread.post(
      {
        type: "call",
        id,
        settings: thread.useSettings(known.settings),
        // TypeScript does not see that a call of one operation is one of the union.
        call: call as Call,
        timeoutMs: timeoutMs - marginOf(timeoutMs),
        sentAt: performance.timeOrigin + performance.now(),
      },
      transferred(call),
    );
    left();
    return { op: call.op, bucket, id, thread, wait, deadline, timeoutMs, isCutShort, writesSent };
  }

  /**
   * Loads what waiting for a call needs. In a test file of Jest that has ended nothing can be loaded any more, and writes in
   * the background are waited for when the process exits.
   */
  loadWaits({ id, thread, wait }: Begun): void {
    if (this.#hasWaits.has(wait)) return;
    this.#hasWaits.add(wait);
    for (const each of new Set<WaitName>([wait, "atomics"])) this.#wait(each, id, thread, () => true, 0);
    spin(thread.signal, Signal.News, thread.news, 0);
    thread.lookForDeath(0);
  }

  /** Whether `finish` would not have to wait. */
  isSettled({ id, thread }: Begun): boolean {
    thread.drain();
    return thread.reply(id) !== undefined || thread.isGone || !thread.expects(id);
  }

  /** Waits until a call has been answered, or can no longer be. */
  finish<One extends Op>(begun: Begun<One>): Outcome<One> {
    // The program may have been away since the call was begun.
    entered();
    const { id, thread, wait, deadline } = begun;
    // A callback during a `deasync` wait may take the reply.
    const hasEnded = (): boolean => thread.reply(id) !== undefined || !thread.expects(id);
    if (thread.expects(id)) this.#wait(wait, id, thread, hasEnded, deadline);
    const outcome = this.#outcome(begun);
    left();
    return outcome;
  }

  /**
   * Waits until one of several calls that have begun has ended, and gives those that have. The oldest comes
   * first, and its deadline counts.
   */
  finishSome(begun: readonly Begun[]): Map<Begun, Outcome> {
    entered();
    const { id, thread, wait, deadline } = begun[0]!;
    const hasEnded = (one: Begun): boolean =>
      one.thread.isGone || one.thread.reply(one.id) !== undefined || !one.thread.expects(one.id);
    this.#wait(wait, id, thread, () => begun.some(hasEnded), deadline);
    const ended = begun.filter(hasEnded);
    // No reply in all its time: this one has ended, too, and the worker with it.
    if (ended.length === 0) ended.push(begun[0]!);
    const outcomes = new Map(ended.map((one) => [one, this.#outcome(one)]));
    left();
    return outcomes;
  }

  /** Tells the worker something about these settings, if it lives and knows them. */
  tell(caller: Caller, message: (settings: number) => ToWorker): void {
    const { known } = caller;
    if (known === undefined || known.thread !== this.#thread || known.thread.isGone) return;
    if (!known.settings.isForgotten) known.thread.post(message(known.settings.number));
  }

  /** Whether a write has begun that has not been answered. */
  get isWriting(): boolean {
    for (const thread of new Set(this.#writes.values())) thread.drain();
    return [...this.#writes].some(([id, thread]) => thread.expects(id) && thread.reply(id) === undefined);
  }

  /** How many waits the code that runs now is within: with the `deasync` wait, a callback may be. */
  get depth(): number {
    return this.#waits.depth;
  }

  #outcome<One extends Op>(begun: Begun<One>): Outcome<One> {
    const outcome = this.#ended(begun);
    // Of many writes, the reply says which have failed.
    const failed =
      !outcome.ok ||
      (operations[begun.op].isWrite && Array.isArray(outcome.value) && outcome.value.length > 0);
    called(begun.op, begun.bucket, failed);
    return outcome;
  }

  #ended<One extends Op>(begun: Begun<One>): Outcome<One> {
    const { id, thread, op, isCutShort, writesSent } = begun;
    const expected = thread.expects(id);
    const reply = thread.reply(id);
    thread.forget(id);
    this.#writes.delete(id);
    if (reply !== undefined) {
      return reply.ok
        ? { ok: true, value: reply.value as Result<One> }
        : { ok: false, failure: reply.failure };
    }
    // Ctrl-C ended an earlier wait for it, before its time was up: the worker may still be about to send it.
    if (!expected) {
      const reason = "it was interrupted";
      return { ok: false, failure: { code: "TimedOut", reason, mayHaveBeenApplied: operations[op].isWrite } };
    }
    const { isGone } = thread;
    // From its deadline on, and from the thread's end, the worker sends no write of it. With several calls under way the
    // write that was sent may be another's.
    const mayHaveBeenApplied = operations[op].isWrite && thread.writesSent !== writesSent;
    if (isGone) {
      if (!thread.wasReady) return { ok: false, failure: workerFailed("WorkerNotStarted", thread.lastWords) };
      return { ok: false, failure: { ...workerFailed("WorkerDied", thread.lastWords), mayHaveBeenApplied } };
    }
    // It had its time and did not even say that the call timed out: it will not serve the next call either. While
    // others wait for it, it is not ended: it may be at work on theirs. Nor while it loads, or for a short silence: another
    // one would have to load the same, and with short deadlines none would ever have done so.
    const isSilent = thread.silentFor(begun.timeoutMs) >= SILENT_MS;
    if (isCutShort || thread.isExpected || thread.isLoading || !isSilent) this.#abandon(id);
    else this.#end(thread);
    const reason = !thread.wasReady
      ? "the worker thread did not start"
      : thread.isLoading
        ? "the worker thread was still loading the AWS SDK"
        : "the worker thread did not answer";
    return { ok: false, failure: { code: "TimedOut", reason, mayHaveBeenApplied } };
  }

  #livingThread(): WorkerThread {
    if (this.#thread?.isGone === true) this.#end(this.#thread);
    return (this.#thread ??= new WorkerThread(this));
  }

  #wait(wait: WaitName, id: number, thread: WorkerThread, settled: () => boolean, deadline: number): void {
    // An event loop that has ended does not turn again: in an exit handler only the other wait works.
    const ending = isExiting();
    const carryOut = wait === "deasync" && !ending ? deasyncWait : atomicsWait;
    const start = carryOut === deasyncWait ? turned() : undefined;
    this.#waits.run({ id, wait, deadline }, (outer) => carryOut(thread, settled, deadline, outer?.deadline));
    start?.();
  }

  #abandon(id: number): void {
    this.#writes.delete(id);
    if (this.#thread === undefined) return;
    this.#thread.forget(id);
    if (!this.#thread.isGone) this.#thread.post({ type: "cancel", id });
  }

  #end(thread: WorkerThread): void {
    thread.terminate();
    if (this.#thread === thread) this.#thread = undefined;
  }
}

// Only the maps hold on to the bridge: when the last of them is garbage, so is it, and its worker ends.
let shared: WeakRef<Bridge> | undefined;

/** Whether a write of this thread has begun that has not been answered. */
export function isWriting(): boolean {
  return shared?.deref()?.isWriting ?? false;
}

/** The bridge of this thread. */
export function sharedBridge(): Bridge {
  let bridge = shared?.deref();
  if (bridge === undefined) {
    bridge = new Bridge();
    shared = new WeakRef(bridge);
  }
  return bridge;
}

/** What moves to the worker with a call instead of being copied. */
function transferred<One extends Op>(call: Call<One>): ArrayBuffer[] {
  const bodies = operations[call.op].bodies?.(call) ?? [];
  return bodies.flatMap((body) => (typeof body === "string" ? [] : [body.buffer as ArrayBuffer]));
}
