import { startAtCaller } from "./stack.js";

/** A mistake in how the library was called: always a plain TypeError, at the caller's line. */
export function argumentError(message: string): TypeError {
  return startAtCaller(new TypeError(message));
}
