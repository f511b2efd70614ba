import { performance } from "node:perf_hooks";
import { lookFor } from "./look-for.js";
import { Signal } from "./protocol.js";
import { lookEveryMs } from "./wait.js";
import type { Wait } from "./wait.js";

/**
 * For so long a wait looks for news before it sleeps, where the wait before it had them within that time: with a service
 * on this machine or next to it, waking up is a good part of what a call takes. With any other, it sleeps at once.
 */
const LOOK_MS = 1;

let hasQuickNews = true;

/** Blocks the thread for real: no timer, no callback, no other line of the program runs meanwhile. */
export const atomicsWait: Wait = (thread, settled, deadline) => {
  const begun = performance.now();
  for (;;) {
    // Read before draining: news that comes in between makes the wait return at once.
    const { news, signal } = thread;
    thread.drain();
    if (settled() || thread.isGone) break;
    const left = deadline - performance.now();
    if (left <= 0) break;
    if (hasQuickNews) {
      if (lookFor(signal, Signal.News, news, Math.min(left, LOOK_MS))) continue;
      hasQuickNews = false;
    }
    const woken = Atomics.wait(signal, Signal.News, news, Math.min(left, lookEveryMs));
    if (woken === "timed-out") thread.lookForDeath();
  }
  hasQuickNews = performance.now() - begun < LOOK_MS;
};
