import { performance } from "node:perf_hooks";
import { spin } from "./spin.js";
import { Signal } from "./messages.js";
import { SPIN_MS, lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";

let hasQuickNews = true;

/** Blocks the thread: no timer or callback of the program runs in the meantime. */
export const atomicsWait: Wait = (thread, settled, deadline) => {
  const begun = performance.now();
  for (;;) {
    // Read before draining, so that a message that arrives in between makes Atomics.wait return at once.
    const { news, signal } = thread;
    thread.drain();
    if (settled() || thread.isGone) break;
    const left = deadline - performance.now();
    if (left <= 0) break;
    if (hasQuickNews) {
      if (spin(signal, Signal.News, news, Math.min(left, SPIN_MS))) continue;
      hasQuickNews = false;
    }
    const sleepMs = Math.min(left, lookEveryMs);
    const woken = Atomics.wait(signal, Signal.News, news, sleepMs);
    if (woken === "timed-out") thread.lookForDeath(sleepMs);
  }
  hasQuickNews = performance.now() - begun < SPIN_MS;
};
