import vm from "node:vm";
import type { Prompt } from "./prompt.js";

const script = new vm.Script("work()", { filename: "s3bucketmap" });

/**
 * Runs what blocks so that Ctrl-C ends it, as it ends a line that is evaluated: while the terminal is in raw
 * mode Ctrl-C is only a character, which nobody reads as long as the thread is blocked.
 *
 * The `deasync` wait finds this function on the stack by its name.
 *
 * @throws what `work` throws, or ERR_SCRIPT_EXECUTION_INTERRUPTED
 */
export function interruptible<T>({ input }: Prompt, work: () => T): T {
  const isRaw = input.isRaw === true;
  if (isRaw) input.setRawMode?.(false);
  try {
    return script.runInContext(vm.createContext({ work }), { breakOnSigint: true }) as T;
  } finally {
    if (isRaw) input.setRawMode?.(true);
  }
}

/** Whether an error is that of a Ctrl-C. */
export function isInterruption(error: unknown): error is Error {
  return (error as { code?: unknown } | null | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
