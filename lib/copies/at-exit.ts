import fs from "node:fs";
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

/** Nobody can catch it any more: it is printed, and the exit code tells. */
export function failAtExit(what: string, error: Error): void {
  fs.writeSync(2, `s3bucketmap: ${what} at exit: ${error.message}\n`);
  exit().fail();
}
