import type { S3Client } from "@aws-sdk/client-s3";
import { onLiveConnection } from "../transport/connections.js";
import { Sending } from "./doubt.js";
import { metadataIn } from "../body/metadata.js";
import { BadAnswer } from "../bad-answers.js";
import { isAmbiguous } from "./ambiguous.js";
import type { Tried } from "./ambiguous.js";

/** Another write of the key was under way at the same time, and this one did nothing. */
export const CONFLICT = "ConditionalRequestConflict";

/**
 * Looks at each try of a request. The SDK only reports the last one: a write that was carried out by a first
 * try whose answer was lost, and refused the second time, would seem not to have happened.
 *
 * @param isLocal - the requests are answered in this thread
 */
export function watchAttempts(client: S3Client, isLocal: boolean): void {
  /** What was answered to the last try, by the command's input. */
  const statuses = new WeakMap<object, number | undefined>();
  client.middlewareStack.add(
    (next, context) => (args) => {
      const command = String(context["commandName"]);
      const once = async (): Promise<Awaited<ReturnType<typeof next>>> => {
        const sending = new Sending(command.replace(/Command$/, ""));
        try {
          const result = await sending.during(() => next(args), isLocal);
          // The SDK loses a name such as "__proto__".
          const output = result.output as { Metadata?: Record<string, string> };
          if (output.Metadata !== undefined)
            output.Metadata = metadataIn(
              (result.response as { headers?: Record<string, string> }).headers ?? {},
            );
          return result;
        } catch (thrown) {
          if (!(thrown instanceof Error)) throw thrown;
          tellStatus(thrown, statuses.get(args.input));
          const error = notS3(thrown) ?? thrown;
          if (isBeaten(error, args.input)) error.name = CONFLICT;
          if (error.name === CONFLICT || !isAmbiguous(error)) sending.didNothing();
          throw error;
        }
      };
      return mayBeRepeated(command, args.input) ? onLiveConnection(once) : once();
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapWatchAttempts" },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      statuses.delete(args.input);
      const result = await next(args);
      statuses.set(args.input, (result.response as { statusCode?: number }).statusCode);
      return result;
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapStatus" },
  );
}

// The SDK says 503 of an answer with 200 that is an error all the same, so that it tries again.
function tellStatus(error: Tried, status: number | undefined): void {
  const { $metadata } = error;
  if ($metadata?.httpStatusCode !== 503 || status === undefined || status === 503) return;
  $metadata.httpStatusCode = status;
  error.$retryable ??= {};
}

// What is bound to a condition never is, and keys that are many take their time (delete-objects.ts).
function mayBeRepeated(command: string, input: object): boolean {
  if (command === "DeleteObjectsCommand") return false;
  const { IfMatch, IfNoneMatch } = input as { IfMatch?: unknown; IfNoneMatch?: unknown };
  return command === "GetObjectCommand" || (IfMatch ?? IfNoneMatch) === undefined;
}

// The SDK's parser has thrown.
function notS3(error: Tried): BadAnswer | undefined {
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || (error.name !== "Error" && error.name !== "SyntaxError")) return undefined;
  if (status >= 300) {
    // What is wrong has been told, but was damaged on its way.
    error.$retryable = {};
    return undefined;
  }
  return new BadAnswer("the answer cannot be understood", error.$metadata ?? {}, error);
}

/**
 * Whether Ceph says that another write was quicker. Its gateway compares the ETag and then stores by an atomic step that
 * asks once more. Where that step finds another state, it stores nothing, and the gateway has no code for it. AWS
 * has no `UnknownError`; the SDK gives the name, though no `Code`, to answers without an error of S3's.
 *
 * @param input - of the command
 * @see https://github.com/ceph/ceph/blob/main/src/rgw/driver/rados/rgw_rados.cc (`_do_write_meta`: ECANCELED)
 */
function isBeaten(error: Error, input: object): boolean {
  const { Code, $metadata } = error as Tried;
  const isConditionalPut = "Body" in input && "IfMatch" in input && input.IfMatch !== undefined;
  return isConditionalPut && $metadata?.httpStatusCode === 500 && Code === "UnknownError";
}
