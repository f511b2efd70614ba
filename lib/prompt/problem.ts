import { inspect } from "node:util";
import { isWriting } from "../bridge/bridge.js";
import { printable } from "../text/format.js";
import { isInterruption } from "../bridge/interruption.js";

/** The interruptions of a write that had not been answered. */
const unsure = new WeakSet<object>();

/** Records whether an interruption hit a write. To be called before the next call. */
export function noteInterruption(thrown: object): void {
  if (isWriting()) unsure.add(thrown);
}

/** What was thrown, in one line, where options are also named as on the command line. @param hint - what to write instead */
export function problemLine(thrown: unknown, hint?: string): string {
  if (isInterruption(thrown)) {
    noteInterruption(thrown);
    return `Interrupted.${unsure.has(thrown) ? " A write that was under way may still happen." : ""}`;
  }
  if (!isErrorLike(thrown)) return inspect(thrown, { breakLength: Infinity, compact: true, depth: 1 });
  const { name, message } = thrown;
  const end = hint === undefined ? "" : `. ${hint}`;
  const typed = message.replace(
    /\bthe option (local|region)\b|\breadAs: "(bytes)"/g,
    (all, option?: string, type?: string) => `${all} (--${option ?? type})`,
  );
  return printable(`${name}: ${typed}${end}`.replace(/\s*\n\s*/g, " "));
}

// Not `instanceof`: the error may come from another context.
function isErrorLike(thrown: unknown): thrown is Error {
  if (typeof thrown !== "object" || thrown === null) return false;
  const { name, message, stack } = thrown as Partial<Error>;
  return typeof name === "string" && typeof message === "string" && typeof stack === "string";
}
