import { inspect } from "node:util";
import { isWriting } from "../bridge/bridge.js";
import { printable } from "../text/format.js";
import { isInterruption } from "./interruptible.js";

/** Interruptions of a write that had no answer yet. */
const unsure = new WeakSet<object>();

/** Notes, at an interruption, whether a write was under way: the next call no longer knows. */
export function noteInterruption(thrown: object): void {
  if (isWriting()) unsure.add(thrown);
}

/** What was thrown, in one line: the library's errors say in theirs what to do. */
export function problemLine(thrown: unknown): string {
  if (isInterruption(thrown)) {
    noteInterruption(thrown);
    return `Interrupted.${unsure.has(thrown) ? " A write that was under way may still happen." : ""}`;
  }
  if (!isErrorLike(thrown)) return inspect(thrown, { breakLength: Infinity, compact: true, depth: 1 });
  const { name, message } = thrown;
  return printable(`${name}: ${message}`.replace(/\s*\n\s*/g, " "));
}

/** All that an error can tell: its stack, and that of its cause. */
export function problemInFull(thrown: unknown): string {
  return inspect(thrown, { showProxy: false });
}

// Not `instanceof`: it may come from another context.
function isErrorLike(thrown: unknown): thrown is Error {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { name, message, stack } = thrown as Partial<Error>;
  return typeof name === "string" && typeof message === "string" && typeof stack === "string";
}
