import type * as crypto from "node:crypto";
import { performance } from "node:perf_hooks";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { ANOTHER_BUILD, Signal } from "./messages.js";
import type { FromWorker, Reply, ToWorker } from "./messages.js";
import type { ClientConfig, Environment, Failure, WireError } from "./protocol.js";
import { sharedThread } from "./shared-thread.js";
import type { KnownSettings, SharedThread } from "./shared-thread.js";
import { anotherBuild, faultOf, WorkerFileError } from "./worker-file.js";

/** How long the worker may take to start, counted in time that calls spend waiting. */
const START_MS = 15_000;

/** After that much waiting, the file is examined: the thread of a wrong file may neither end nor report anything. */
const LOOK_AT_FILE_MS = 1000;

/** How many settings the worker keeps. Beyond that, it forgets the least recently used settings. */
const MAX_SETTINGS = 100;

/** The worker thread, as seen by a thread whose event loop may be blocked: nothing here relies on events. */
export class WorkerThread {
  readonly #shared: SharedThread;

  /** @param owner - the worker ends once all of its owners are garbage */
  constructor(owner: object) {
    this.#shared = sharedThread();
    this.#shared.adopt(owner);
  }

  get signal(): Int32Array {
    return this.#shared.signal;
  }

  get isGone(): boolean {
    return Atomics.load(this.signal, Signal.Gone) === 1;
  }

  /** How many messages the worker has sent. */
  get news(): number {
    return Atomics.load(this.signal, Signal.News);
  }

  /** How many write requests the worker may have sent. */
  get writesSent(): number {
    return Atomics.load(this.signal, Signal.WritesSent);
  }

  /** Whether it has ever been ready to serve calls. */
  get wasReady(): boolean {
    return this.#shared.wasReady;
  }

  /** Whether it is starting or loading code. It cannot answer in the meantime, but it will serve later calls. */
  get isLoading(): boolean {
    return !this.wasReady || Atomics.load(this.signal, Signal.Loading) === 1;
  }

  /** How long calls have waited since the worker's last message, including a call that has just timed out. */
  silentFor(waitedMs: number): number {
    const { news } = this;
    const { silence } = this.#shared;
    const ms = silence.news === news ? silence.ms + waitedMs : waitedMs;
    this.#shared.silence = { news, ms };
    return ms;
  }

  /** The file that the worker runs. */
  get file(): string {
    return this.#shared.file;
  }

  get lastWords(): WireError | undefined {
    return this.#shared.lastWords;
  }

  /** @returns false, on Node, if the worker is gone */
  post(message: ToWorker, transfer: (ArrayBuffer | MessagePort)[] = []): unknown {
    const sent: unknown = this.#shared.port.postMessage(message, transfer);
    Atomics.add(this.signal, Signal.Sent, 1);
    return sent;
  }

  /** Sends settings and environment to the worker, unless it already has them. */
  tellSettings(settings: ClientConfig, environment: Environment): KnownSettings {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- takes time that the worker's start hides
    const { createHash } = require("node:crypto") as typeof crypto;
    // Other code can reach the table, so its keys are digests: they reveal no credentials.
    const digest = createHash("sha256")
      .update(JSON.stringify([settings, environment]))
      .digest("base64");
    const table = this.#shared.settings;
    const known = table.get(digest);
    if (known !== undefined) return known;
    if (table.size >= MAX_SETTINGS) this.#forgetSettings();
    const told = this.#shared.newSettings();
    this.post({ type: "settings", number: told.number, settings, environment });
    table.set(digest, told);
    return told;
  }

  /** Marks settings as just used. */
  useSettings(known: KnownSettings): number {
    known.usedAt = ++this.#shared.uses;
    return known.number;
  }

  #forgetSettings(): void {
    const table = this.#shared.settings;
    let [oldest] = table;
    for (const entry of table) if (entry[1].usedAt < oldest![1].usedAt) oldest = entry;
    const [digest, known] = oldest!;
    table.delete(digest);
    known.isForgotten = true;
    this.post({ type: "forget", settings: known.number });
  }

  /**
   * The id of a new call. Its reply is kept until {@link forget}.
   *
   * @param lent - the call's body, which the worker requests in parts
   */
  newCall(lent: Uint8Array | undefined): number {
    const id = ++this.#shared.lastId;
    this.#shared.expected.set(id, undefined);
    if (lent !== undefined) this.#shared.lent.set(id, lent);
    return id;
  }

  /** Whether the reply to a call is still wanted, whether or not it has arrived. */
  expects(id: number): boolean {
    return this.#shared.expected.has(id);
  }

  /** Whether the reply to a call is still to come. */
  awaits(id: number): boolean {
    const { expected } = this.#shared;
    return expected.get(id) === undefined && expected.has(id);
  }

  get awaitsAny(): boolean {
    for (const reply of this.#shared.expected.values()) if (reply === undefined) return true;
    return false;
  }

  reply(id: number): Reply | undefined {
    return this.#shared.expected.get(id);
  }

  /** When bytes of a call's file last moved, on the clock of performance.now(); -Infinity if none did. */
  movedAt(id: number): number {
    return this.#shared.moved.get(id) ?? -Infinity;
  }

  /** Drops the reply to a call, even if it has not arrived yet. */
  forget(id: number): void {
    this.#shared.expected.delete(id);
    this.#shared.moved.delete(id);
    this.#shared.lent.delete(id);
  }

  /** Receives all that the worker has sent. */
  drain(): void {
    const { port, expected, lent, moved } = this.#shared;
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: FromWorker } | undefined;
      if (received === undefined) return;
      const { message } = received;
      if (message.type === "reply") {
        if (expected.has(message.id)) expected.set(message.id, message);
      } else if (message.type === "moved") {
        if (expected.has(message.id)) moved.set(message.id, performance.now());
      } else if (message.type === "lend") {
        const { id, start, end } = message;
        const bytes = lent.get(id)?.slice(start, end);
        if (bytes !== undefined) this.post({ type: "part", id, start, bytes }, [bytes.buffer]);
      } else if (message.type === "ready") {
        this.#shared.wasReady = true;
      } else this.#shared.lastWords = message.error;
    }
  }

  /**
   * Detects a worker that ended without a message, either because its heap was exhausted or before it ran its first
   * line. Silence is no evidence, because a live worker can be silent for long. Only a worker that has never become
   * ready is terminated for being silent.
   *
   * @param sleptMs - how long the wait meant to sleep. The elapsed time is not used, because the whole process may have
   * been suspended
   */
  lookForDeath(sleptMs: number): void {
    if (this.post({ type: "probe" }) === false) Atomics.store(this.signal, Signal.Gone, 1);
    if (this.isGone || this.wasReady) return;
    const before = this.#shared.waitedForStartMs;
    const waited = (this.#shared.waitedForStartMs += sleptMs);
    const isTimeToLook = before < LOOK_AT_FILE_MS && waited >= LOOK_AT_FILE_MS;
    if (isTimeToLook && faultOf(this.file) !== undefined) this.terminate();
    if (waited < START_MS) return;
    this.#shared.lastWords ??= {
      name: "Error",
      message: `the worker thread did not start within ${START_MS / 1000} s`,
    };
    this.terminate();
  }

  /** Ends the thread, whatever it is doing. */
  terminate(): void {
    Atomics.store(this.signal, Signal.Gone, 1);
    this.#shared.port.close();
    void this.#shared.worker.terminate();
  }
}

/** The failure of a call because the worker could not be started, or died. */
export function workerFailed(code: string, error: unknown): Failure {
  // Not `instanceof Error`: errors from the worker belong to the main context, and a test framework runs in another
  // one.
  if (typeof error !== "object" || error === null) return { code };
  const failure: Failure = { code, reason: (error as Error).message, cause: plain(error as Error) };
  if (!(error instanceof WorkerFileError)) return failure;
  const { cause, todo } = error;
  if (cause !== undefined) return { ...failure, cause: plain(cause as Error), todo };
  // A cause would only repeat the message.
  delete failure.cause;
  return { ...failure, todo };
}

/** The failure of a call because the worker ended before it served any. */
export function workerNotStarted({ file, lastWords }: WorkerThread): Failure {
  const code = "WorkerNotStarted";
  if (lastWords?.name === ANOTHER_BUILD) return workerFailed(code, anotherBuild(file, lastWords.message));
  if (lastWords !== undefined) {
    return { ...workerFailed(code, lastWords), reason: `${lastWords.message} (the worker's file: ${file})` };
  }
  const fault = faultOf(file);
  if (fault !== undefined) return workerFailed(code, fault);
  return { code, reason: `the thread that ran ${file} ended without reporting an error` };
}

function plain({ name, message, stack }: Error): WireError {
  return { name, message, ...(stack === undefined ? {} : { stack }) };
}
