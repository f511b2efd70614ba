import type { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Doubt } from "./doubt.js";

/** Keeps the SDK from trying again; what it holds is the error. */
class Sent extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super(error.message);
    this.error = error;
  }
}

interface Told {
  $metadata?: object;
}

type Stack = PutObjectCommand["middlewareStack"];

/**
 * Makes a command go out once, unless it certainly was not carried out: sent blindly again, a condition that held the
 * first time would fail because of the first time.
 *
 * @param doubt - of this command alone
 */
export async function sendOnce<Output>(
  command: PutObjectCommand | DeleteObjectCommand,
  doubt: Doubt,
  send: () => Promise<Output>,
): Promise<Output> {
  (command.middlewareStack as Stack).add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw error instanceof Error && doubt.exists ? new Sent(error) : error;
      }
    },
    // Within the SDK's tries, and around the look at each of them.
    { step: "finalizeRequest", priority: "normal", name: "s3bucketmapOnce" },
  );
  try {
    return await doubt.during(send);
  } catch (error) {
    if (!(error instanceof Sent)) throw error;
    // It was the SDK that counted the tries, and it knows only this error.
    const metadata = { ...(error.error as Told).$metadata, ...(error as Told).$metadata };
    throw Object.assign(error.error, { $metadata: metadata });
  }
}

/** Calls `look` with the host that a command is for, before anything is sent. */
export function beforeSending(
  command: PutObjectCommand | DeleteObjectCommand,
  look: (hostname: string) => void,
): void {
  (command.middlewareStack as Stack).add(
    (next) => (args) => {
      look((args.request as { hostname: string }).hostname);
      return next(args);
    },
    { step: "build", name: "s3bucketmapHost" },
  );
}
