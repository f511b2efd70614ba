import type { Failure } from "./protocol.js";

/** A call failed as the worker did. */
export function workerFailed(code: string, cause: unknown): Failure {
  // Not `instanceof`: what the worker sent belongs to the main context, which a test framework's code is not in.
  if (typeof cause !== "object" || cause === null) return { code };
  const { name, message, stack } = cause as Error;
  return { code, reason: message, cause: { name, message, ...(stack === undefined ? {} : { stack }) } };
}
