import { performance } from "node:perf_hooks";
import { Signal } from "./protocol.js";
import { lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";

/** Blocks the thread for real: no timer, no callback, no other line of the program runs meanwhile. */
export const atomicsWait: Wait = (thread, settled, deadline) => {
  for (;;) {
    // Read before draining: news that comes in between makes the wait return at once.
    const news = thread.news;
    thread.drain();
    if (settled() || thread.isGone) return;
    const left = deadline - performance.now();
    if (left <= 0) return;
    const woken = Atomics.wait(thread.signal, Signal.News, news, Math.min(left, lookEveryMs));
    if (woken === "timed-out") thread.lookForDeath();
  }
};
