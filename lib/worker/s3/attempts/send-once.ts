import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Doubt } from "./doubt.js";

/** Wraps an error that the SDK must not retry. */
class Unretryable extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super(error.message);
    this.error = error;
  }
}

interface Told {
  $metadata?: object;
}

type Command = { readonly middlewareStack: object };
type Stack = PutObjectCommand["middlewareStack"];

/**
 * Keeps the SDK from sending a command again if it may have been applied. If it was, the condition of the second
 * request would fail because of the first one.
 *
 * @param doubt - a Doubt for this command alone. `send` must report to it
 */
export async function sendOnce<Output>(
  command: Command,
  doubt: Doubt,
  send: () => Promise<Output>,
): Promise<Output> {
  (command.middlewareStack as Stack).add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw error instanceof Error && doubt.exists ? new Unretryable(error) : error;
      }
    },
    // Inside the SDK's retries, and outside of watchAttempts.
    { step: "finalizeRequest", priority: "normal", name: "s3bucketmapOnce" },
  );
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof Unretryable)) throw error;
    // The SDK has put the number of attempts on the wrapper.
    const metadata = { ...(error.error as Told).$metadata, ...(error as Told).$metadata };
    throw Object.assign(error.error, { $metadata: metadata });
  }
}

/** Calls `check` with the host that a command goes to, before anything is sent. If it throws, nothing is. */
export function checkHost(command: Command, check: (hostname: string) => void): void {
  (command.middlewareStack as Stack).add(
    (next) => (args) => {
      check((args.request as { hostname: string }).hostname);
      return next(args);
    },
    { step: "build", name: "s3bucketmapHost" },
  );
}
