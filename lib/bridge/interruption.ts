import vm from "node:vm";

const script = new vm.Script("work()", { filename: "s3bucketmap" });

/**
 * Runs blocking work so that Ctrl-C interrupts it. No `finally` of the work runs then.
 *
 * @throws what `work` throws, or an error that {@link isInterruption} recognises
 */
export function interruptibly<T>(work: () => T): T {
  return script.runInContext(vm.createContext({ work }), { breakOnSigint: true }) as T;
}

/** Whether Ctrl-C caused an error. */
export function isInterruption(error: unknown): error is Error {
  return (error as { code?: unknown } | null | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}
