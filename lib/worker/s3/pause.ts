/** Resolves after the given time. Rejects when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** How long the first backoff is on average. */
const BACKOFF_MS = 50;

/** A random pause, on average twice as long after each attempt. */
export function backOff(tries: number, signal: AbortSignal): Promise<void> {
  return pause(Math.random() * BACKOFF_MS * 2 ** tries, signal);
}
