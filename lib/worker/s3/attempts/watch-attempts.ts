import type { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { BadAnswer } from "../bad-answers.js";
import { metadataIn } from "../direct/messages.js";
import { onLiveConnection, sendAttempt } from "../transport/connections.js";
import type { SdkAttempt } from "../transport/connections.js";
import { isAmbiguous, conclusive } from "./ambiguous.js";
import type { RequestError } from "./ambiguous.js";
import { Sending } from "./doubt.js";
import type { Doubt } from "./doubt.js";

/** S3's code if another write to the key was under way at the same time, and this one did nothing. */
const CONFLICT = "ConditionalRequestConflict";

/** How often a command was sent, by the context that the SDK gives its middleware. */
const counts = new WeakMap<object, number>();

export function attemptsOf(context: object): number {
  return counts.get(context) ?? 0;
}

/** Sets the count to the number of direct attempts, before the SDK sends the first of its own. */
export function noteAttempts(context: object, attempts: number): void {
  counts.set(context, attempts);
}

/** What a command's attempts report to, by the context that the SDK gives its middleware. */
const doubts = new WeakMap<object, Doubt>();

export function reportTo(doubt: Doubt, command: { readonly middlewareStack: object }): void {
  (command.middlewareStack as PutObjectCommand["middlewareStack"]).add(
    (next, context) => {
      doubts.set(context, doubt);
      return next;
    },
    { step: "initialize", name: "s3bucketmapDoubt" },
  );
}

/**
 * Watches each of the SDK's attempts. The SDK reports only the last one. So a write that was applied by an attempt
 * whose response was lost, and was rejected at the next attempt, would seem not to have happened.
 *
 * @param isLocal - whether requests are answered in this thread
 */
export function watchAttempts({ middlewareStack }: S3Client, isLocal: boolean): void {
  /** The status of a command's last response, by the command's input. */
  const statuses = new WeakMap<object, number | undefined>();
  middlewareStack.add(
    (next, context) => (args) => {
      const command = String(context["commandName"]);
      const once = async (attempt: SdkAttempt): Promise<Awaited<ReturnType<typeof next>>> => {
        const sending = (attempt.sending = new Sending(command.replace(/Command$/, ""), doubts.get(context)));
        try {
          sending.begin(isLocal);
          const result = await sendAttempt(attempt, () => next(args));
          // The SDK drops a name such as "__proto__".
          const output = result.output as { Metadata?: Record<string, string> };
          const { headers = {} } = result.response as { headers?: Record<string, string> };
          if (output.Metadata !== undefined) output.Metadata = metadataIn(headers);
          return result;
        } catch (thrown) {
          if (!(thrown instanceof Error)) throw thrown;
          makeText(thrown);
          // The response is not HTTP. The SDK does not know the code of Node's error.
          if (String((thrown as RequestError).code).startsWith("HPE_"))
            (thrown as RequestError).$retryable ??= {};
          restoreStatus(thrown, statuses.get(args.input));
          const error: RequestError = notS3(thrown) ?? thrown;
          if (isBeaten(error, args.input)) {
            error.name = CONFLICT;
            error.isBeaten = true;
          }
          if (error.isBeaten === true || !isAmbiguous(error)) sending.didNothing();
          // A direct attempt that replay.ts hands to the SDK counted as rejected. Its response is damaged, so it may have
          // been applied after all.
          else if (error.isDamaged === true) sending.countAsSent();
          throw error;
        }
      };
      return mayBeRepeated(command, args.input) ? onLiveConnection(once) : once({});
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapWatchAttempts" },
  );
  middlewareStack.add(
    (next) => async (args) => {
      statuses.delete(args.input);
      const result = await next(args);
      const { statusCode } = result.response as { statusCode?: number };
      statuses.set(args.input, statusCode);
      // Node accepts any three digits, and the SDK takes all below 300 for success.
      if (statusCode !== undefined && statusCode < 200)
        throw new BadAnswer(`the response has status ${statusCode}`, { httpStatusCode: statusCode });
      return result;
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapStatus" },
  );
  middlewareStack.add(
    (next, context) => (args) => {
      counts.set(context, attemptsOf(context) + 1);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapAttempts" },
  );
  // The SDK's own count omits direct attempts.
  middlewareStack.add(
    (next, context) => (args) =>
      next(args).catch((error: { $metadata?: { attempts?: number } }) => {
        if (error.$metadata?.attempts !== undefined) error.$metadata.attempts = attemptsOf(context);
        throw error;
      }),
    { step: "initialize", priority: "high", name: "s3bucketmapToldAttempts" },
  );
}

// If an element of S3's error occurs several times, or contains elements instead of text, the SDK passes on an array or
// an object.
function makeText(error: RequestError): void {
  const { name, message } = error as { name: unknown; message: unknown };
  if (typeof message !== "string") error.message = "";
  if (typeof name === "string" && name !== "") return;
  error.name = "Error";
  delete error.Code;
}

// For an error inside a 200 response, the SDK replaces the status with 503, so that it retries.
function restoreStatus(error: RequestError, status: number | undefined): void {
  const { $metadata } = error;
  if ($metadata?.httpStatusCode !== 503 || status === undefined || status === 503) return;
  $metadata.httpStatusCode = status;
  error.$retryable ??= {};
}

// Conditional writes are never repeated blindly. A request that deletes many keys may only be slow (delete-objects.ts).
function mayBeRepeated(command: string, input: object): boolean {
  if (command === "DeleteObjectsCommand") return false;
  const { IfMatch, IfNoneMatch } = input as { IfMatch?: unknown; IfNoneMatch?: unknown };
  return command === "GetObjectCommand" || (IfMatch ?? IfNoneMatch) === undefined;
}

const parserErrors: ReadonlySet<string> = new Set(["Error", "SyntaxError", "TypeError", "RangeError"]);

// The SDK's parser throws plain errors.
function notS3(error: RequestError): BadAnswer | undefined {
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || !parserErrors.has(error.name)) return undefined;
  if (status >= 300) {
    // The error of S3 was damaged in transit, or the response is not from S3.
    error.name = "Error";
    error.$retryable = {};
    if (!conclusive.has(status)) error.isDamaged = true;
    return undefined;
  }
  return new BadAnswer("the response cannot be parsed", error.$metadata ?? {}, error);
}

/**
 * Whether Ceph reports that another write won. Its gateway compares the ETag, then stores in an atomic step that checks
 * again. If the second check fails, nothing is stored, and the gateway has no error code for it. AWS has no
 * `UnknownError`. The SDK uses that name, but not that `Code`, for errors without a body.
 *
 * @see https://github.com/ceph/ceph/blob/main/src/rgw/driver/rados/rgw_rados.cc (`_do_write_meta`: ECANCELED)
 */
function isBeaten(error: RequestError, input: object): boolean {
  const isConditionalPut = "Body" in input && "IfMatch" in input && input.IfMatch !== undefined;
  return isConditionalPut && error.$metadata?.httpStatusCode === 500 && error.Code === "UnknownError";
}
