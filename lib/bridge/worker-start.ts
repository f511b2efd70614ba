/** What the worker is started with. */
export interface WorkerStart {
  port: import("node:worker_threads").MessagePort;
  signal: Int32Array;
  buildStamp: string;
  /** Where the program has Node keep compiled code, if it does. */
  compileCache?: string;
}

/** The words of the shared signal, for when no event loop turns to hear an event. */
export const Signal = {
  /** Counts the worker's messages: what an `Atomics.wait` waits on. */
  News: 0,
  /** 1 once the worker is gone, or given up. */
  Gone: 1,
  /** Counts the messages to the worker. */
  Sent: 2,
  /** Counts the requests that may write: raised before each one can leave. */
  WritesSent: 3,
  /** 1 while the worker loads the SDK or parts of it, and may not be able to answer. */
  Loading: 4,
  Words: 5,
} as const;
