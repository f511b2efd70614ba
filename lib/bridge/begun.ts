import type { Op, Result } from "./operations.js";
import type { ClientConfig, Environment, Failure } from "./protocol.js";
import type { KnownSettings } from "./shared-thread.js";
import type { WaitName } from "./wait.js";
import type { WorkerThread } from "./worker-thread.js";

/** A call that was sent to the worker. */
export interface Begun<One extends Op = Op> {
  readonly op: One;
  readonly bucket: string;
  readonly id: number;
  readonly thread: WorkerThread;
  readonly wait: WaitName;
  readonly deadline: number;
  readonly timeoutMs: number;
  /** Whether its deadline was set by `within`. */
  readonly isCutShort: boolean;
  /** The thread's count before the call was sent. */
  readonly writesSent: number;
}

export type Outcome<One extends Op = Op> =
  { ok: true; value: Result<One>; serviceTime?: number | undefined } | { ok: false; failure: Failure };

/** The settings of a map, and which worker thread has received them. */
export interface Caller {
  readonly settings: { client: ClientConfig; wait: WaitName; timeoutMs: number };
  /** The account whose environment this bucket uses: that of the first request to any of its buckets. */
  readonly account?: Caller;
  /** The environment at the first request. The program may change it between creating the map and using it. */
  environment?: Environment;
  /** The thread that has these settings, and its number for them. */
  known?: { thread: WorkerThread; settings: KnownSettings };
}
