import type { Caller } from "../bridge/begun.js";
import type { Bridge } from "../bridge/bridge.js";
import type { ReadAs, Settings } from "../arguments/options.js";

/** What a map and its sub-maps share. */
export interface Shared extends Caller {
  readonly settings: Settings;
  /** Set by the first call. */
  bridge?: Bridge;
  /** The service's time at its last response, and the same moment by this thread's monotonic clock. */
  serviceClock?: { readonly serviceTime: number; readonly at: number };
  /** Set by the first listing or write. */
  number?: number;
  /** Whether S3 has said that versioning is on, or suspended. */
  keepsVersions?: boolean;
}

/** The type of the values. */
export type ValueOf<As extends ReadAs> = As extends "bytes" ? Buffer : string;
