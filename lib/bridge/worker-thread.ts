import type * as crypto from "node:crypto";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { Signal } from "./messages.js";
import type { FromWorker, Reply, ToWorker } from "./messages.js";
import type { ClientConfig, Environment, WireError } from "./protocol.js";
import { sharedThread } from "./shared-thread.js";
import type { KnownSettings, SharedThread } from "./shared-thread.js";

/** How long waits bear with a worker that does not start, all of them together. */
const START_MS = 15_000;

/** The worker remembers so many settings; those that were not used for the longest time are forgotten. */
const MAX_SETTINGS = 100;

/** The worker thread as the waiting side sees it: no event is needed to know how it fares. */
export class WorkerThread {
  readonly #shared: SharedThread;
  /** @param owner - the worker is ended when this object, and all others that use it, are garbage */
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

  /** How many messages the worker has sent: what a wait begins from. */
  get news(): number {
    return Atomics.load(this.signal, Signal.News);
  }

  /** How many requests that write may have left the worker. */
  get writesSent(): number {
    return Atomics.load(this.signal, Signal.WritesSent);
  }

  /** Whether it ever came as far as to serve calls. */
  get wasReady(): boolean {
    return this.#shared.wasReady;
  }

  /** Whether it is starting, or loads what it needs: it cannot answer meanwhile, and will serve the next calls. */
  get isLoading(): boolean {
    return !this.wasReady || Atomics.load(this.signal, Signal.Loading) === 1;
  }

  /** For how long calls have waited since the worker was heard of, with one that has just waited in vain. */
  silentFor(waitedMs: number): number {
    const { news } = this;
    const { silence } = this.#shared;
    const ms = silence.news === news ? silence.ms + waitedMs : waitedMs;
    this.#shared.silence = { news, ms };
    return ms;
  }

  get lastWords(): WireError | undefined {
    return this.#shared.lastWords;
  }

  post(message: ToWorker, transfer: (ArrayBuffer | MessagePort)[] = []): void {
    this.#post(message, transfer);
  }

  /** @returns false, on Node, once the other end of the port is gone, and the worker with it */
  #post(message: ToWorker, transfer: (ArrayBuffer | MessagePort)[]): unknown {
    const sent: unknown = this.#shared.port.postMessage(message, transfer);
    Atomics.add(this.signal, Signal.Sent, 1);
    return sent;
  }

  /** Tells the worker settings and environment, unless it knows them. */
  tellSettings(settings: ClientConfig, environment: Environment): KnownSettings {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- takes milliseconds, which the worker's start hides
    const { createHash } = require("node:crypto") as typeof crypto;
    // A digest, so that no credential lies about in a map that others can reach.
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

  /** The number of settings that are about to be used. */
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

  /** The id of a new call, whose reply is kept when it comes. */
  newCall(): number {
    const id = ++this.#shared.lastId;
    this.#shared.expected.set(id, undefined);
    return id;
  }

  /** Whether a reply, there or yet to come, is kept. */
  expects(id: number): boolean {
    return this.#shared.expected.has(id);
  }

  /** Whether any call has not been answered. */
  get isExpected(): boolean {
    for (const reply of this.#shared.expected.values()) if (reply === undefined) return true;
    return false;
  }

  /** The reply to a call, if it is there. */
  reply(id: number): Reply | undefined {
    return this.#shared.expected.get(id);
  }

  /** A reply that still comes is dropped. */
  forget(id: number): void {
    this.#shared.expected.delete(id);
  }

  /** Takes in all that the worker has sent. */
  drain(): void {
    const { port, expected } = this.#shared;
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: FromWorker } | undefined;
      if (received === undefined) return;
      const { message } = received;
      if (message.type === "reply") {
        if (expected.has(message.id)) expected.set(message.id, message);
      } else if (message.type === "ready") {
        this.#shared.wasReady = true;
      } else if (message.type === "last words") this.#shared.lastWords = message.error;
    }
  }

  /**
   * Looks whether the worker died without a word, as it does when its heap is exhausted, or before its first line. Silence
   * alone proves nothing: a live worker can be silent for long. Only one that has never been heard of is given up.
   *
   * @param sleptMs - how long the wait meant to sleep before it looked. The time that really passed does not count: this
   * process may have been stopped meanwhile, and the worker with it
   */
  lookForDeath(sleptMs: number): void {
    if (this.#post({ type: "probe" }, []) === false) Atomics.store(this.signal, Signal.Gone, 1);
    if (this.isGone || this.wasReady) return;
    this.#shared.waitedForStartMs += sleptMs;
    if (this.#shared.waitedForStartMs < START_MS) return;
    this.#shared.lastWords ??= { name: "Error", message: `it has not started within ${START_MS / 1000} s` };
    this.terminate();
  }

  /** Ends the thread, whatever it is doing. */
  terminate(): void {
    Atomics.store(this.signal, Signal.Gone, 1);
    this.#shared.port.close();
    void this.#shared.worker.terminate();
  }
}
