import type { S3Client } from "@aws-sdk/client-s3";

/** How often a command was sent, by the context in which the SDK sends it. */
const counts = new WeakMap<object, number>();

/** How often it was sent until now. */
export function attemptsOf(context: object): number {
  return counts.get(context) ?? 0;
}

/** Lets the count begin with what was sent directly. */
export function noteAttempts(context: object, attempts: number): void {
  counts.set(context, attempts);
}

/** Makes errors say how often their command was sent. The SDK's own count leaves out what it did not send itself. */
export function countAttempts({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, context) => (args) => {
      counts.set(context, attemptsOf(context) + 1);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapAttempts" },
  );
  middlewareStack.add(
    (next, context) => (args) =>
      next(args).catch((error: { $metadata?: { attempts?: number } }) => {
        if (error.$metadata?.attempts !== undefined) error.$metadata.attempts = attemptsOf(context);
        throw error;
      }),
    { step: "initialize", priority: "high", name: "s3bucketmapToldAttempts" },
  );
}
