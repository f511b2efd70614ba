import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { MessageChannel, receiveMessageOnPort, SHARE_ENV, Worker } from "node:worker_threads";
import type { MessagePort, WorkerOptions } from "node:worker_threads";
import { buildStamp } from "../build-stamp.js";
import { Signal, WorkerState } from "./protocol.js";
import type { FromWorker, Reply, ToWorker, WireError, WorkerStart } from "./protocol.js";

const workerFile = path.join(__dirname, "../worker/main.js");

// The worker must end when nobody can use it any more, a test framework's discarded realm included. A
// FinalizationRegistry is only heard while it is alive itself, so it, and the listeners, are made in the
// main context and hang on the worker alone: nothing here holds on to the realm that asked for it.
// "error" is listened to because an error of a worker without a listener ends the program.
const startWorker = vm.runInThisContext(`(Worker, file, options, port, owner) => {
  const worker = new Worker(file, options);
  worker.unref();
  worker.on("error", () => {});
  const registry = new FinalizationRegistry(() => {
    port.close();
    worker.terminate();
  });
  registry.register(owner, undefined);
  worker.once("exit", () => void registry);
  return worker;
}`) as (W: typeof Worker, file: string, options: WorkerOptions, port: MessagePort, owner: object) => Worker;

/** The worker thread as the waiting side sees it: no event is needed to know how it fares. */
export class WorkerThread {
  readonly port: MessagePort;
  readonly signal: Int32Array;
  /** The settings that this very worker has been given. */
  readonly configs: Set<number> = new Set();
  /** What the worker said when it could not go on. */
  lastWords: WireError | undefined;
  readonly #worker: Worker;
  readonly #expected: Map<number, Reply | undefined> = new Map();
  #descriptor: { fd: number; identity: string } | undefined;

  /** @param owner - when this object is garbage, the worker is ended */
  constructor(owner: object) {
    if (!fs.existsSync(workerFile)) throw new Error(`${workerFile} is missing: install s3bucketmap again`);
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.port.unref();
    this.signal = new Int32Array(new SharedArrayBuffer(Signal.Words * Int32Array.BYTES_PER_ELEMENT));
    this.signal[Signal.Descriptor] = -1;
    const start: WorkerStart = { port: port2, signal: this.signal, buildStamp };
    // execArgv: the program's own flags (--require, --import, --inspect-brk, …) are not meant for this thread.
    const options: WorkerOptions = {
      workerData: start,
      transferList: [port2],
      env: SHARE_ENV,
      execArgv: [],
      name: "s3bucketmap",
    };
    this.#worker = startWorker(Worker, workerFile, options, port1, owner);
  }

  get state(): number {
    return Atomics.load(this.signal, Signal.State);
  }

  /** How many messages the worker has sent: what a wait begins from. */
  get news(): number {
    return Atomics.load(this.signal, Signal.News);
  }

  post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  /** From now on a reply to this call is kept; replies nobody expects are dropped. */
  expect(id: number): void {
    this.#expected.set(id, undefined);
  }

  /** The reply to a call, if it is there. */
  reply(id: number): Reply | undefined {
    return this.#expected.get(id);
  }

  forget(id: number): void {
    this.#expected.delete(id);
  }

  /** Takes in all that the worker has sent. */
  drain(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.port) as { message: FromWorker } | undefined;
      if (received === undefined) return;
      const { message } = received;
      if (message.type === "last words") this.lastWords = message.error;
      else if (message.type === "reply" && this.#expected.has(message.id)) this.#expected.set(message.id, message);
    }
  }

  /**
   * Looks whether the worker died without a word, as it does when its heap is exhausted: Node then closes
   * the descriptors it had opened. Silence alone proves nothing, a live worker can be silent for long.
   */
  lookForDeath(): void {
    const fd = Atomics.load(this.signal, Signal.Descriptor);
    if (fd === -1 || this.state === WorkerState.Gone) return;
    let identity = "closed";
    try {
      const { dev, ino, birthtimeMs } = fs.fstatSync(fd);
      identity = `${dev}:${ino}:${birthtimeMs}`;
    } catch {
      // EBADF: closed.
    }
    if (this.#descriptor === undefined && identity !== "closed") this.#descriptor = { fd, identity };
    else if (this.#descriptor?.identity !== identity)
      Atomics.store(this.signal, Signal.State, WorkerState.Gone);
  }

  /** Ends the thread, whatever it is doing. */
  terminate(): void {
    Atomics.store(this.signal, Signal.State, WorkerState.Gone);
    this.port.close();
    void this.#worker.terminate();
  }
}
