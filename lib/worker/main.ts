import module from "node:module";
import { workerData } from "node:worker_threads";
import { Signal } from "../bridge/protocol.js";
import type { FromWorker, WorkerStart } from "../bridge/protocol.js";
import { buildStamp } from "../build-stamp.js";
import { toWireError } from "./wire-error.js";

// The thread that started this one may be blocked until it hears from here. So the first thing is to
// make every end of this thread heard, before anything is loaded that could fail.
const start = workerData as WorkerStart;
const { port, signal } = start;

function sayGone(): void {
  Atomics.store(signal, Signal.Gone, 1);
  Atomics.add(signal, Signal.News, 1);
  Atomics.notify(signal, Signal.News);
}

function sayLastWords(error: unknown): void {
  port.postMessage({ type: "last words", error: toWireError(error) } satisfies FromWorker);
}

process.on("exit", sayGone);
port.on("close", () => process.exit()); // Nobody can call any more.
process.on("uncaughtExceptionMonitor", sayLastWords);

// The SDK warns each Node version that it will drop; which versions are supported here, package.json says.
const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
process.emitWarning = (...args: unknown[]): void => {
  if (!String(args[0]).includes("NodeVersionSupportWarning")) emitWarning(...args);
};

try {
  if (start.buildStamp !== buildStamp) {
    throw new Error(
      "the files of s3bucketmap have changed since this program loaded them: start the program again",
    );
  }
  // A worker takes this over from NODE_COMPILE_CACHE, but not from the program's own call.
  if (start.compileCache !== undefined) {
    (module as { enableCompileCache?(directory: string): unknown }).enableCompileCache?.(start.compileCache);
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loading it is one of the things that can fail
  const { serve } = require("./message-loop.js") as typeof import("./message-loop.js");
  serve(port, signal);
  port.postMessage({ type: "ready" } satisfies FromWorker);
} catch (error) {
  sayLastWords(error);
  process.exit(1);
}
