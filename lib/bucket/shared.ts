import type { Bridge, Caller } from "../bridge/bridge.js";
import type { Settings } from "../arguments/options.js";

/** What the maps of one bucket have in common. */
export interface Shared extends Caller {
  readonly settings: Settings;
  /** Made at the first call. */
  bridge?: Bridge;
  /** Given at the first listing or write. */
  number?: number;
}
