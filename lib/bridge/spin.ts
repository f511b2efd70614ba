import os from "node:os";
import { performance } from "node:perf_hooks";

let mayLook: boolean | undefined;

/**
 * Looks at a word of the shared signal for some microseconds, until it is no longer what it was; to be called before a
 * thread sleeps. To wake a sleeping thread takes longer than a small call. With a single core to run on, the other
 * thread could not do anything meanwhile: there it does not look at all.
 */
export function lookFor(signal: Int32Array, word: number, known: number, ms: number): boolean {
  mayLook ??= os.availableParallelism() > 1;
  if (!mayLook) return false;
  const until = performance.now() + ms;
  do {
    if (Atomics.load(signal, word) !== known) return true;
  } while (performance.now() < until);
  return false;
}
