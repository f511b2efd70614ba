import fs from "node:fs";
import { PartialFailureError } from "../errors/errors.js";
import { threadWide } from "./thread-wide.js";

/** The end of the program, as the process itself tells it. */
export interface Exit {
  /** From then on nothing can be left for later. */
  readonly hasBegun: boolean;
  /** What is to be done when it begins. */
  readonly tasks: Set<() => void>;
  /** Makes the exit code that of a failure, unless it is one already. */
  fail(): void;
}

/**
 * The real process is asked: a test framework gives its realms a copy, whose events never come. Ours is the first of the
 * listeners, as any of them may end the process at once.
 */
export function exit(): Exit {
  return threadWide<Exit>(
    "exit/1",
    `(() => {
      const exit = {
        hasBegun: process._exiting === true,
        tasks: new Set(),
        fail: () => void (process.exitCode ||= 1),
      };
      process.prependListener("exit", () => {
        exit.hasBegun = true;
        for (const task of exit.tasks) task();
      });
      return exit;
    })()`,
  );
}

/** So many failed keys are printed at most. */
const MOST_PRINTED = 100;

/** Nobody can catch it any more: it is printed, each key by itself, and the exit code tells. */
export function failAtExit(what: string, error: Error): void {
  const failed = error instanceof PartialFailureError ? [...error.failed.values()] : [];
  const more = failed.length - MOST_PRINTED;
  const lines = [
    error.message,
    ...failed.slice(0, MOST_PRINTED).map(({ message }) => `  ${message}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
  fs.writeSync(2, `s3bucketmap: ${what} at exit: ${lines.join("\n")}\n`);
  exit().fail();
}
