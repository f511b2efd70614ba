import type { Doubt } from "./attempts/doubt.js";

/** What requests are sent for: a call, or a part of one. Every request is sent for a task. */
export interface Task {
  /** Ends the requests, because time is up or their results are no longer needed. */
  readonly signal: AbortSignal;
  /** What writes report to; undefined for the library's own, which leave no doubt about the user's call. */
  readonly doubt: Doubt | undefined;
}
