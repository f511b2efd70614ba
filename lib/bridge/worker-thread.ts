import type * as crypto from "node:crypto";
import fs from "node:fs";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { environmentOf } from "./environment.js";
import { Signal } from "./protocol.js";
import type { ClientConfig, FromWorker, Reply, ToWorker, WireError } from "./protocol.js";
import { sharedThread } from "./shared-thread.js";
import type { SharedThread } from "./shared-thread.js";

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

  /** Whether it ever came as far as to serve calls. */
  get wasReady(): boolean {
    return this.#shared.wasReady;
  }

  get lastWords(): WireError | undefined {
    return this.#shared.lastWords;
  }

  post(message: ToWorker, transfer: (ArrayBuffer | MessagePort)[] = []): void {
    this.#shared.port.postMessage(message, transfer);
    Atomics.add(this.signal, Signal.Sent, 1);
  }

  /** The number by which the worker knows settings; it is told new ones. */
  settingsNumber(settings: ClientConfig): number {
    const environment = environmentOf(process.env);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- takes milliseconds, which the worker's start hides
    const { createHash } = require("node:crypto") as typeof crypto;
    // A digest, so that no credential lies about in a map that others can reach.
    const digest = createHash("sha256")
      .update(JSON.stringify([settings, environment]))
      .digest("base64");
    const known = this.#shared.settings.get(digest);
    if (known !== undefined) return known;
    const number = this.#shared.settings.size + 1;
    this.post({ type: "settings", number, settings, environment });
    this.#shared.settings.set(digest, number);
    return number;
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
        this.#knowDescriptor();
      } else if (message.type === "last words") this.#shared.lastWords = message.error;
    }
  }

  /**
   * Looks whether the worker died without a word, as it does when its heap is exhausted: Node then closes
   * the descriptors it had opened. Silence alone proves nothing, a live worker can be silent for long.
   */
  lookForDeath(): void {
    this.#knowDescriptor();
    const { descriptor } = this.#shared;
    if (descriptor === undefined) return;
    if (descriptor.identity === "closed" || identityOf(descriptor.fd) !== descriptor.identity) {
      Atomics.store(this.signal, Signal.Gone, 1);
    }
  }

  // What the worker holds open, looked at while it certainly lives.
  #knowDescriptor(): void {
    const fd = Atomics.load(this.signal, Signal.Descriptor);
    if (fd !== -1) this.#shared.descriptor ??= { fd, identity: identityOf(fd) };
  }

  /** Ends the thread, whatever it is doing. */
  terminate(): void {
    Atomics.store(this.signal, Signal.Gone, 1);
    this.#shared.port.close();
    void this.#shared.worker.terminate();
  }
}

function identityOf(fd: number): string {
  try {
    const { dev, ino, birthtimeMs } = fs.fstatSync(fd);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return "closed"; // EBADF
  }
}
