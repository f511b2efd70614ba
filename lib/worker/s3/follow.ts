/**
 * Has what one controller ends end with a call's signal, too. The signal may serve other calls afterwards, so it must be
 * left when all is over, which `AbortSignal.any` cannot.
 *
 * @returns what leaves it
 */
export function follow(signal: AbortSignal, controller: AbortController): () => void {
  const stop = (): void => controller.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return () => signal.removeEventListener("abort", stop);
}
