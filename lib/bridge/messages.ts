import type { MessagePort } from "node:worker_threads";
import type { Call, Result } from "./operations.js";
import type { ClientConfig, Environment, Failure, Listed, WireError } from "./protocol.js";

export type ToWorker =
  | { type: "settings"; number: number; settings: ClientConfig; environment: Environment }
  /** Settings that will not be named again before they are told anew. */
  | { type: "forget"; settings: number }
  /** Nothing to do: whether it can be sent shows whether the worker is alive. */
  | { type: "probe" }
  /** `sentAt`: milliseconds since the epoch, by the monotonic clock; the worker may have been starting. */
  | { type: "call"; id: number; settings: number; call: Call; timeoutMs: number; sentAt: number }
  | { type: "cancel"; id: number }
  /** What a run of reads is likely to come to next. */
  | { type: "ahead"; settings: number; run: number; next: Listed[]; timeoutMs: number; keepMs: number }
  /** A run of reads that does not go on: what was read ahead for it is forgotten. */
  | { type: "leave"; settings: number; run: number }
  /** A port to ring with every message, and now and then, until it is closed. */
  | { type: "wake"; port: MessagePort };

export type Reply =
  | { type: "reply"; id: number; ok: true; value: Result }
  | { type: "reply"; id: number; ok: false; failure: Failure };

export type FromWorker = Reply | { type: "ready" } | { type: "last words"; error: WireError };

/** What the worker is started with. */
export interface WorkerStart {
  port: MessagePort;
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
