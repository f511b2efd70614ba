import os from "node:os";
import { performance } from "node:perf_hooks";

let maySpin: boolean | undefined;

/**
 * Spins until a word of the shared signal changes, or the time is up. Threads spin before they sleep, because waking a
 * thread takes longer than a small call. On a single core this function returns at once, because the other thread could
 * not run while this one spins.
 *
 * @returns whether the word has changed
 */
export function spin(signal: Int32Array, word: number, known: number, ms: number): boolean {
  maySpin ??= os.availableParallelism() > 1;
  if (!maySpin) return false;
  const until = performance.now() + ms;
  do {
    if (Atomics.load(signal, word) !== known) return true;
  } while (performance.now() < until);
  return false;
}
