import type { PutObjectCommand } from "@aws-sdk/client-s3";
import { sdk } from "../sdk.js";
import type { ObjectHeaders } from "../../../bridge/protocol.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { putting } from "../direct/writes.js";
import { replay } from "../direct/replay.js";
import { MULTIPART_ABOVE, uploadInParts } from "./multipart-upload.js";
import type { ObjectInput } from "./multipart-upload.js";
import type { Target } from "../target.js";
import { BadAnswer } from "../bad-answers.js";

/**
 * Stores a whole object; it is durable when this resolves. One PUT, or one for each part of a long one.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export async function putObject(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
  signal: AbortSignal,
): Promise<undefined> {
  const input = objectInput(target, key, body, headers);
  if (input.Body.length > MULTIPART_ABOVE) {
    await uploadInParts(target, input, signal);
    target.bucketProved = true;
    return undefined;
  }
  const tried = await directAttempt(target.client, input, putting(input), signal);
  if (tried.result === undefined) {
    const command = replay(new sdk.PutObjectCommand(input), tried);
    const output = await target.client.send(command, { abortSignal: signal });
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  }
  target.bucketProved = true;
  return undefined;
}

/** What stores an object by one request, whatever its length. */
export function putCommand(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
): PutObjectCommand {
  const command = new sdk.PutObjectCommand(objectInput(target, key, body, headers));
  const { expires } = headers;
  if (expires !== undefined) {
    command.middlewareStack.add(
      (next) => (args) => {
        // The SDK takes a Date, and what was stored may be none.
        (args.request as { headers: Record<string, string> }).headers["expires"] = expires;
        return next(args);
      },
      { step: "build", name: "s3bucketmapExpires" },
    );
  }
  return command;
}

function objectInput(
  { settings }: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
): ObjectInput {
  const input: ObjectInput = {
    Bucket: settings.bucket,
    Key: key,
    Body:
      typeof body === "string"
        ? Buffer.from(body)
        : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    ContentType: headers.contentType,
  };
  if (headers.contentEncoding !== undefined) input.ContentEncoding = headers.contentEncoding;
  if (headers.cacheControl !== undefined) input.CacheControl = headers.cacheControl;
  if (headers.contentDisposition !== undefined) input.ContentDisposition = headers.contentDisposition;
  if (headers.contentLanguage !== undefined) input.ContentLanguage = headers.contentLanguage;
  if (headers.websiteRedirect !== undefined) input.WebsiteRedirectLocation = headers.websiteRedirect;
  if (headers.metadata !== undefined) input.Metadata = headers.metadata;
  if (settings.requestPayer === true) input.RequestPayer = "requester";
  // The service knows more values than the SDK's types: it says itself which it does not take.
  if (settings.serverSideEncryption !== undefined) {
    input.ServerSideEncryption = settings.serverSideEncryption as NonNullable<
      typeof input.ServerSideEncryption
    >;
  }
  if (settings.kmsKeyId !== undefined) input.SSEKMSKeyId = settings.kmsKeyId;
  if (settings.storageClass !== undefined) {
    input.StorageClass = settings.storageClass as NonNullable<typeof input.StorageClass>;
  }
  return input;
}
