import { workerData } from "node:worker_threads";
import { Signal } from "../bridge/messages.js";
import type { FromWorker, WorkerStart } from "../bridge/messages.js";
import { toWireError } from "./wire-error.js";

// The calling thread may be blocked until this thread sends something. So this file reports every way in which this
// thread can end, and it is loaded before anything that could fail.

const { port, signal } = workerData as WorkerStart;

function sayGone(): void {
  Atomics.store(signal, Signal.Gone, 1);
  Atomics.add(signal, Signal.News, 1);
  Atomics.notify(signal, Signal.News);
}

process.on("exit", sayGone);
port.on("close", () => process.exit());
process.on("uncaughtExceptionMonitor", sayLastWords);

export function sayLastWords(error: unknown): void {
  port.postMessage({ type: "last words", error: toWireError(error) } satisfies FromWorker);
}
