import module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort, WorkerOptions } from "node:worker_threads";
import { buildStamp, version } from "../build-stamp.js";
import { threadWide } from "../global/thread-wide.js";
import { Signal } from "./messages.js";
import type { Reply, WorkerStart } from "./messages.js";
import type { WireError } from "./protocol.js";
import { findWorkerFile } from "./worker-file.js";

/** Of Node 22.1 and later. */
interface CompileCache {
  getCompileCacheDir?(): string | undefined;
}

/** Settings that the worker has, and the number by which messages refer to them. */
export interface KnownSettings {
  readonly number: number;
  /** The count of uses of any settings when these were last used. */
  usedAt: number;
  isForgotten: boolean;
}

/**
 * How long an unused thread stays, so that a program that creates one map after the other does not start many threads.
 */
const LINGER_MS = 1000;

/** The worker thread and its state, as plain data that does not belong to a particular realm. */
export interface SharedThread {
  readonly worker: Worker;
  /** The file that the worker runs. */
  readonly file: string;
  readonly port: MessagePort;
  readonly signal: Int32Array;
  /** Replies by id of the call. A reply to any other call is dropped. */
  readonly expected: Map<number, Reply | undefined>;
  /** Bodies that stay in this thread, by id of the call. */
  readonly lent: Map<number, Uint8Array>;
  /** When bytes of a file last moved, by id of the call, on the clock of performance.now(). */
  readonly moved: Map<number, number>;
  /** The settings that the worker has, by their digest. */
  readonly settings: Map<string, KnownSettings>;
  newSettings(): KnownSettings;
  uses: number;
  lastId: number;
  /** Whether it has reported that it serves calls. */
  wasReady: boolean;
  /** How long calls have waited for the worker to become ready. */
  waitedForStartMs: number;
  /** How long calls have waited since the worker sent its message number `news`, which is its last one. */
  silence: { news: number; ms: number };
  /** The error that ended the worker. */
  lastWords: WireError | undefined;
  /** Adds an owner. The thread ends once all owners are garbage. */
  adopt(owner: object): void;
}

// All copies of the library in a program share one worker thread. A test framework loads a copy into each realm, and
// every copy would otherwise start a thread and leave it behind. The shared state is created in the main context and
// refers to no copy, so that a realm can be garbage-collected when its tests are over. The "exit" listener keeps the
// FinalizationRegistry alive, because the callback of a collected registry is never called. The "error" listener keeps
// an error of the worker from ending the program.
const threads = threadWide<Map<string, SharedThread>>("threads", "new Map()");

const share = vm.runInThisContext(`(worker, file, port, signal) => {
  let owners = 0;
  let lastSettings = 0;
  const endUnused = () => {
    if (owners > 0) return;
    // Set now, not when the thread has ended, because a map that is created in between needs another thread.
    Atomics.store(signal, ${Signal.Gone}, 1);
    // The worker ends itself when its port is closed. Terminating it while it works can abort the process.
    port.close();
  };
  const registry = new FinalizationRegistry(() => {
    owners -= 1;
    setTimeout(endUnused, ${LINGER_MS}).unref();
  });
  worker.on("error", () => {});
  worker.once("exit", () => {
    void registry;
    Atomics.store(signal, ${Signal.Gone}, 1);
  });
  return {
    worker,
    file,
    port,
    signal,
    expected: new Map(),
    lent: new Map(),
    moved: new Map(),
    settings: new Map(),
    newSettings: () => ({ number: ++lastSettings, usedAt: 0, isForgotten: false }),
    uses: 0,
    lastId: 0,
    wasReady: false,
    waitedForStartMs: 0,
    silence: { news: 0, ms: 0 },
    lastWords: undefined,
    adopt(owner) {
      owners += 1;
      registry.register(owner);
    },
  };
}`) as (worker: Worker, file: string, port: MessagePort, signal: Int32Array) => SharedThread;

/**
 * The live thread, or a new one.
 *
 * @throws WorkerFileError
 */
export function sharedThread(): SharedThread {
  const workerFile = findWorkerFile();
  const name = `${buildStamp} ${workerFile}`;
  let thread = threads.get(name);
  if (thread === undefined || Atomics.load(thread.signal, Signal.Gone) === 1) {
    thread = startThread(workerFile);
    threads.set(name, thread);
  }
  return thread;
}

function startThread(workerFile: string): SharedThread {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  const signal = new Int32Array(new SharedArrayBuffer(Signal.Words * Int32Array.BYTES_PER_ELEMENT));
  const start: WorkerStart = { port: port2, signal, buildStamp, version };
  const compileCache = (module as CompileCache).getCompileCacheDir?.();
  if (compileCache !== undefined) start.compileCache = path.dirname(compileCache);
  // execArgv is empty because the program's flags (--require, --import, --inspect-brk, …) are not meant for this
  // thread.
  const options: WorkerOptions = {
    workerData: start,
    transferList: [port2],
    execArgv: [],
    name: "s3bucketmap",
  };
  const worker = new Worker(workerFile, options);
  worker.unref();
  return share(worker, workerFile, port1, signal);
}
