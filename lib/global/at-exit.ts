import fs from "node:fs";
import { PartialFailureError } from "../errors/errors.js";
import type { S3BucketMapError } from "../errors/errors.js";
import { threadWide } from "./thread-wide.js";

/** The exit of the process. */
export interface Exit {
  /** Whether it has begun. From then on, nothing can be deferred any more. */
  readonly hasBegun: boolean;
  /** Run when the exit begins. */
  readonly tasks: Set<() => void>;
  /** Sets a failing exit code, unless there is one. */
  fail(): void;
}

/**
 * Listens to the real process, because the process object of a test framework's realm emits no events. This listener
 * comes first, because any other may end the process at once.
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

/** The most failed keys that are printed. */
const MOST_PRINTED = 100;

/** Reports an error that nothing can catch any more: prints it with its keys, and sets the exit code. */
export function failAtExit(what: string, error: Error): void {
  const failed = error instanceof PartialFailureError ? [...error.failed] : [];
  const more = failed.length - MOST_PRINTED;
  const lines = [
    error.message,
    ...failed.slice(0, MOST_PRINTED).map(([key, one]) => `  ${inFront(key, one)}${one.message}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
  fs.writeSync(2, `s3bucketmap: ${what} at exit: ${lines.join("\n")}\n`);
  exit().fail();
}

/** The key, if the message does not name it. */
function inFront(key: string, { key: named }: S3BucketMapError): string {
  return named === undefined ? `${JSON.stringify(key)}: ` : "";
}
