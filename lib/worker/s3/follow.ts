/**
 * Aborts a controller when a call's signal aborts. Signals are reused by later calls, so the listener must be removed
 * at the end, which `AbortSignal.any` does not support.
 *
 * @returns a function that removes the listener
 */
export function follow(signal: AbortSignal, controller: AbortController): () => void {
  const stop = (): void => controller.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return () => signal.removeEventListener("abort", stop);
}
