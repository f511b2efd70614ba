import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort, WorkerOptions } from "node:worker_threads";
import { buildStamp } from "../build-stamp.js";
import { libraryFolder } from "../library-folder.js";
import { Signal } from "./messages.js";
import type { Reply, WorkerStart } from "./messages.js";
import type { WireError } from "./protocol.js";

const workerFile = path.join(libraryFolder, "worker.js");

/** Of Node 22.1 and later. */
interface CompileCache {
  getCompileCacheDir?(): string | undefined;
}

/** Settings that the worker has been told, by the number it knows them by. */
export interface KnownSettings {
  readonly number: number;
  /** Which of all calls used them last. */
  usedAt: number;
  isForgotten: boolean;
}

/** How long the thread stays when nobody uses it any more. */
const LINGER_MS = 1000;

/** The worker thread and all that is known of it, as plain data that belongs to no realm in particular. */
export interface SharedThread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly signal: Int32Array;
  /** The calls whose replies are waited for; any other reply is dropped. */
  readonly expected: Map<number, Reply | undefined>;
  /** The settings that the worker has been told, by their digest. */
  readonly settings: Map<string, KnownSettings>;
  newSettings(): KnownSettings;
  uses: number;
  lastId: number;
  /** Whether it has said that it serves calls. */
  wasReady: boolean;
  /** How long it was waited for before it said so. */
  waitedForStartMs: number;
  /** How long calls waited in vain after so much news of it. */
  silence: { news: number; ms: number };
  /** What the worker said when it could not go on. */
  lastWords: WireError | undefined;
  /** The thread ends when every object that was told to `adopt` is garbage. */
  adopt(owner: object): void;
}

// There is one thread for all copies of the library in this thread's program, a test framework's realms
// included: each of those loads the library anew, and would start, and leave behind, a thread of its own.
// So what they share is made in the main context, and holds on to none of them: a realm is garbage when its
// tests are over. A FinalizationRegistry is only heard while it is alive itself; the worker's listener
// keeps it. "error" is listened to because an error of a worker without a listener ends the program.
const inMainContext = vm.runInThisContext(`(() => {
  const key = Symbol.for("s3bucketmap.threads");
  if (globalThis[key] === undefined) {
    Object.defineProperty(globalThis, key, { value: new Map(), configurable: true });
  }
  return {
    threads: globalThis[key],
    share(worker, port, signal) {
      let owners = 0;
      let lastSettings = 0;
      const endUnused = () => {
        if (owners > 0) return;
        // At once, and not when the thread has ended: a map made in between must be given another.
        Atomics.store(signal, ${Signal.Gone}, 1);
        // The worker then ends by itself: to terminate it in the middle of something can abort the process.
        port.close();
      };
      const registry = new FinalizationRegistry(() => {
        owners -= 1;
        // A program that makes a map for each thing it does should not pay for a new thread each time.
        setTimeout(endUnused, ${LINGER_MS}).unref();
      });
      worker.on("error", () => {});
      worker.once("exit", () => {
        void registry;
        Atomics.store(signal, ${Signal.Gone}, 1);
      });
      return {
        worker,
        port,
        signal,
        expected: new Map(),
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
    },
  };
})()`) as {
  threads: Map<string, SharedThread>;
  share(worker: Worker, port: MessagePort, signal: Int32Array): SharedThread;
};

const name = `${buildStamp} ${workerFile}`;

/** The thread that is alive, or a new one. */
export function sharedThread(): SharedThread {
  const { threads } = inMainContext;
  let thread = threads.get(name);
  if (thread === undefined || Atomics.load(thread.signal, Signal.Gone) === 1) {
    thread = startThread();
    threads.set(name, thread);
  }
  return thread;
}

function startThread(): SharedThread {
  if (!fs.existsSync(workerFile)) throw new Error(`${workerFile} is missing: install s3bucketmap again`);
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  const signal = new Int32Array(new SharedArrayBuffer(Signal.Words * Int32Array.BYTES_PER_ELEMENT));
  const start: WorkerStart = { port: port2, signal, buildStamp };
  const compileCache = (module as CompileCache).getCompileCacheDir?.();
  if (compileCache !== undefined) start.compileCache = path.dirname(compileCache);
  // execArgv: the program's own flags (--require, --import, --inspect-brk, …) are not meant for this thread.
  const options: WorkerOptions = {
    workerData: start,
    transferList: [port2],
    execArgv: [],
    name: "s3bucketmap",
  };
  const worker = new Worker(workerFile, options);
  worker.unref();
  return inMainContext.share(worker, port1, signal);
}
