import type { MessagePort } from "node:worker_threads";
import type { Call, Result } from "./operations.js";
import type { ClientConfig, Environment, Failure, Listed, WireError } from "./protocol.js";

/** A message to the worker. A number in `settings` refers to settings that were sent in an earlier message. */
export type ToWorker =
  | { type: "settings"; number: number; settings: ClientConfig; environment: Environment }
  /** These settings are not used again unless they are sent again. */
  | { type: "forget"; settings: number }
  /** Does nothing. On Node, posting it fails if the worker is gone. */
  | { type: "probe" }
  /**
   * `sentAt`: when the call was sent, as `performance.timeOrigin + performance.now()`. The worker subtracts the time
   * since then from the timeout, because it may take long to start.
   */
  | { type: "call"; id: number; settings: number; call: Call; timeoutMs: number; sentAt: number }
  | { type: "cancel"; id: number }
  /** A copy of a part of the call's body, which begins at `start`. */
  | { type: "part"; id: number; start: number; bytes: Uint8Array }
  /** The keys that a run of reads is likely to need next. */
  | { type: "ahead"; settings: number; run: number; upcoming: Listed[]; timeoutMs: number; keepMs: number }
  /** Discards what was prefetched for a run. */
  | { type: "leave"; settings: number; run: number }
  /** A port to post to with every message, and at intervals, until it is closed. */
  | { type: "wake"; port: MessagePort };

export type Reply =
  /** `serviceTime`: the service's clock according to its last response, in milliseconds since the epoch. */
  | { type: "reply"; id: number; ok: true; value: Result; serviceTime: number | undefined }
  | { type: "reply"; id: number; ok: false; failure: Failure };

export type FromWorker =
  | Reply
  | { type: "ready" }
  | { type: "last words"; error: WireError }
  /** Bytes of a file have moved: the deadline of this call is extended from now. */
  | { type: "moved"; id: number }
  /** Asks for a part of the body that was lent to a call. */
  | { type: "lend"; id: number; start: number; end: number };

/** The worker's `workerData`. */
export interface WorkerStart {
  port: MessagePort;
  signal: Int32Array;
  buildStamp: string;
  version: string;
  /** The program's compile cache, if it has enabled one. */
  compileCache?: string;
}

/** The name of the error with which a worker refuses a program of another build. */
export const ANOTHER_BUILD = "AnotherBuild";

/** The words of the shared signal. They can be read while no event loop turns. */
export const Signal = {
  /** How many messages the worker has sent. `Atomics.wait` waits on this word. */
  News: 0,
  /** 1 once the worker has ended or was terminated. */
  Gone: 1,
  /** How many messages were sent to the worker. */
  Sent: 2,
  /** How many write requests were sent. Each is counted before it is sent. */
  WritesSent: 3,
  /** 1 while the worker is loading the SDK, and may be unable to answer. */
  Loading: 4,
  Words: 5,
} as const;
