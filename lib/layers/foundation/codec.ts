import type { ValueKind, Needs, Stored } from "../../map/internals.js";
import type { SetOptions } from "../../map/sync-map.js";

/** What a layer makes of values on their way to its base, and back. */
export interface Codec<V, Raw> {
  /** As `console.log` shows the layer. */
  readonly name: string;
  /** Its options, for `console.log`. */
  readonly shown?: object;
  readonly valueKind: ValueKind;
  /** What of the stored `decode` looks at; left out by one that passes its Content-Encoding on. */
  readonly needs?: Needs;
  /** @throws TypeError for a value that would not come back as it is: nothing is stored then */
  encode(value: V, wholeKey: string, options: SetOptions | undefined): Raw;
  /** @throws anything for what the layer cannot have stored */
  decode(stored: Stored<Raw>, wholeKey: string): Stored<V>;
  /** What is passed on to the base of the options for `set`. */
  options?(options: SetOptions | undefined): SetOptions | undefined;
}
