import { performance } from "node:perf_hooks";
import { atomicsWait } from "./atomics-wait.js";
import type { Begun, Caller, Outcome } from "./begun.js";
import { callLimit } from "./call-limit.js";
import { canTurn, deasyncWait } from "./deasync-wait.js";
import { Downloads } from "./downloads.js";
import { firstEnvironment } from "../arguments/environment.js";
import { called, entered, left, turned } from "../global/history.js";
import { spin } from "./spin.js";
import { Signal } from "./messages.js";
import type { ToWorker } from "./messages.js";
import { operations, transferred } from "./operations.js";
import type { Call, Op } from "./operations.js";
import type { Failure } from "./protocol.js";
import { isExiting } from "../global/thread-wide.js";
import type { WaitName } from "./wait.js";
import { WaitStack } from "./wait-stack.js";
import { WorkerThread, workerFailed, workerNotStarted } from "./worker-thread.js";

/**
 * The worker's deadline is earlier than the caller's by this much, so that the worker can report the timeout itself.
 */
const marginOf = (timeoutMs: number): number => Math.min(2000, timeoutMs / 10);

/** How long calls wait without any message from the worker, in total, before it is terminated. */
const SILENT_MS = 1000;

const INTERRUPTED = "the call was interrupted";

/**
 * Carries blocking calls to the worker thread. All maps of a thread share one bridge. The worker starts with the first
 * call. If it dies, the next call starts a new one.
 *
 * Ctrl-C in the REPL unwinds a call without running `finally`. So nothing may depend on clean-up: the state after an
 * interruption follows from the ids of calls.
 */
export class Bridge {
  #thread: WorkerThread | undefined;
  readonly #hasWaits: Set<WaitName> = new Set();
  readonly #waits: WaitStack = new WaitStack();
  readonly #downloads: Downloads = new Downloads();
  /** Unfinished calls that write. An interrupted call stays in this map until the next call. */
  readonly #writes: Map<number, WorkerThread> = new Map();

  /** Starts the worker if there is none, without waiting for it. The first call then takes less time. */
  start(): void {
    try {
      this.#livingThread();
    } catch {
      // The first call reports the error.
    }
  }

  call<One extends Op>(
    caller: Caller,
    call: Call<One>,
    timeoutMs: number = caller.settings.timeoutMs,
    lent?: Uint8Array,
  ): Outcome<One> {
    const run = (): Outcome<One> => {
      const begun = this.begin(caller, call, timeoutMs, lent);
      return "failure" in begun ? { ok: false, failure: begun.failure } : this.finish(begun);
    };
    if (call.op !== "getFile") return run();
    const outcome = this.#downloads.during(this.#mayTurn(caller.settings.wait) && canTurn(), run);
    return outcome ?? { ok: false, failure: { code: "TimedOut", reason: INTERRUPTED } };
  }

  /** Sends a call without waiting for its reply. A body that is lent must not change before the call has ended. */
  begin<One extends Op>(
    caller: Caller,
    call: Call<One>,
    mayTakeMs: number = caller.settings.timeoutMs,
    lent?: Uint8Array,
  ): Begun<One> | { failure: Failure } {
    const { op } = call;
    const { client, wait } = caller.settings;
    const { bucket } = client;
    entered();
    called(op, bucket);
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
      const environment = firstEnvironment(caller);
      caller.known = known = { thread, settings: thread.tellSettings(client, environment) };
    }
    // Sent even if the worker is still starting, so that calls from within the wait come after this one.
    const id = thread.newCall(lent);
    const { writesSent } = thread;
    if (operations[op].isWrite) this.#writes.set(id, thread);
    if (op === "getFile") this.#downloads.add(id, thread);
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
    return { op, bucket, id, thread, wait, deadline, timeoutMs, isCutShort, writesSent };
  }

  /**
   * Loads the code that waiting for a call needs. When the process exits, it waits for background writes. By then, a
   * Jest test file has ended and cannot load anything.
   */
  loadWaits(begun: Begun): void {
    const { wait, thread } = begun;
    if (this.#hasWaits.has(wait)) return;
    this.#hasWaits.add(wait);
    for (const each of new Set<WaitName>([wait, "atomics"]))
      this.#wait({ ...begun, wait: each, deadline: 0 }, () => true);
    spin(thread.signal, Signal.News, thread.news, 0);
    thread.lookForDeath(0);
  }

  /** Whether `finish` would return at once. */
  isSettled(begun: Begun): boolean {
    begun.thread.drain();
    return hasEnded(begun);
  }

  /** Waits until a call has been answered, or can no longer be answered. */
  finish<One extends Op>(begun: Begun<One>): Outcome<One> {
    // The program may have been outside the library since `begin`.
    entered();
    const { id, thread, timeoutMs, isCutShort } = begun;
    // A callback during a `deasync` wait may have taken the reply.
    for (let { deadline } = begun; thread.awaits(id);) {
      this.#wait({ ...begun, deadline }, () => !thread.awaits(id));
      // The deadline of an upload or download of a file is extended whenever bytes of the file move.
      const extended = thread.movedAt(id) + timeoutMs;
      if (isCutShort || thread.isGone || extended <= Math.max(deadline, performance.now())) break;
      deadline = extended;
    }
    const outcome = this.#outcome(begun);
    left();
    return outcome;
  }

  /**
   * Waits until one of several calls has ended, at most until the deadline of the first, which must be the oldest.
   *
   * @returns the outcomes of the calls that have ended
   */
  finishSome(begun: readonly Begun[]): Map<Begun, Outcome> {
    entered();
    this.#wait(begun[0]!, () => begun.some(hasEnded));
    const ended = begun.filter(hasEnded);
    // The deadline of the oldest call has passed, so it has ended.
    if (ended.length === 0) ended.push(begun[0]!);
    const outcomes = new Map(ended.map((each) => [each, this.#outcome(each)]));
    left();
    return outcomes;
  }

  /** Sends a message about these settings, if the worker is alive and has them. */
  post(caller: Caller, message: (settings: number) => ToWorker): void {
    const { known } = caller;
    if (known === undefined || known.thread !== this.#thread || known.thread.isGone) return;
    if (!known.settings.isForgotten) known.thread.post(message(known.settings.number));
  }

  /** Whether a write is unanswered. */
  get isWriting(): boolean {
    for (const thread of new Set(this.#writes.values())) thread.drain();
    return [...this.#writes].some(([id, thread]) => thread.awaits(id));
  }

  /**
   * How many waits the running code is nested in. Code is nested when it runs as a callback during a `deasync` wait.
   */
  get depth(): number {
    return this.#waits.depth;
  }

  #outcome<One extends Op>(begun: Begun<One>): Outcome<One> {
    const outcome = this.#ended(begun);
    // The result of many writes lists those that failed.
    const failed =
      !outcome.ok ||
      (operations[begun.op].isWrite && Array.isArray(outcome.value) && outcome.value.length > 0);
    called(begun.op, begun.bucket, failed);
    return outcome;
  }

  #ended<One extends Op>(begun: Begun<One>): Outcome<One> {
    const { id, thread, writesSent } = begun;
    const { isWrite } = operations[begun.op];
    const wasExpected = thread.expects(id);
    const reply = thread.reply(id);
    thread.forget(id);
    this.#writes.delete(id);
    this.#downloads.delete(id);
    // A reply has the id of its call, so it has the result type of the call's operation.
    if (reply !== undefined) return reply;
    // Ctrl-C ended an earlier wait for this call. The worker may still send its request, because its time is not up.
    if (!wasExpected) {
      return { ok: false, failure: { code: "TimedOut", reason: INTERRUPTED, mayHaveBeenApplied: isWrite } };
    }
    // The worker sends no write of a call after its deadline. With several calls under way, the write that was sent may
    // be another call's.
    const mayHaveBeenApplied = isWrite && thread.writesSent !== writesSent;
    if (thread.isGone) {
      if (!thread.wasReady) return { ok: false, failure: workerNotStarted(thread) };
      return { ok: false, failure: { ...workerFailed("WorkerDied", thread.lastWords), mayHaveBeenApplied } };
    }
    // The worker did not even report the timeout, so it is unlikely to serve the next call. It is not terminated while
    // other calls wait for it, because it may be working on them. It is not terminated while it loads code either: its
    // successor would have to load the same code, and with short deadlines no worker would ever finish loading.
    const isSilent = thread.silentFor(begun.timeoutMs) >= SILENT_MS;
    if (begun.isCutShort || thread.awaitsAny || thread.isLoading || !isSilent) this.#abandon(id);
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

  #wait(begun: Begun, settled: () => boolean): void {
    if (!this.#mayTurn(begun.wait)) return this.#waits.run(begun, settled, atomicsWait);
    const end = turned();
    this.#waits.run(begun, settled, deasyncWait);
    end();
  }

  // In an exit handler the event loop no longer turns.
  #mayTurn(wait: WaitName): boolean {
    return wait === "deasync" && !isExiting();
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

function hasEnded({ thread, id }: Begun): boolean {
  return thread.isGone || !thread.awaits(id);
}

// A weak reference, so that the worker ends once the last map is garbage: only maps refer to the bridge.
let shared: WeakRef<Bridge> | undefined;

/** Whether a write of this thread is unanswered. */
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
