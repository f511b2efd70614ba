import { performance } from "node:perf_hooks";
import { lookFor } from "./look-for.js";
import { Signal } from "./protocol.js";
import { lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";

/** For so long a wait looks for news before it sleeps: at its beginning, and when it was woken for what is about to come. */
const LOOK_MS = 0.05;

/** Blocks the thread for real: no timer, no callback, no other line of the program runs meanwhile. */
export const atomicsWait: Wait = (thread, settled, deadline) => {
  for (;;) {
    // Read before draining: news that comes in between makes the wait return at once.
    const { news, signal } = thread;
    thread.drain();
    if (settled() || thread.isGone) return;
    const left = deadline - performance.now();
    if (left <= 0) return;
    if (lookFor(signal, Signal.News, news, LOOK_MS)) continue;
    const woken = Atomics.wait(signal, Signal.News, news, Math.min(left, lookEveryMs));
    if (woken === "timed-out") thread.lookForDeath();
  }
};
