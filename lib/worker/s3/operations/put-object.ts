import type { PutObjectCommand } from "@aws-sdk/client-s3";
import { sdk } from "../sdk.js";
import { MULTIPART_ABOVE } from "../../../bridge/protocol.js";
import type { LentBody, ObjectHeaders } from "../../../bridge/protocol.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { putting } from "../direct/writes.js";
import { replay } from "../direct/replay.js";
import { withExpires } from "./expires.js";
import { lentSource, uploadInParts } from "./multipart-upload.js";
import type { Lend, ObjectInput } from "./multipart-upload.js";
import { keyInput, storageInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { checkEtag } from "../bad-answers.js";

/**
 * Stores an object. It is durable when this resolves. One PUT, or a multipart upload for a large object.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export async function putObject(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
  task: Task,
): Promise<undefined> {
  const input = objectInput(target, key, body, headers);
  if (input.Body.length > MULTIPART_ABOVE) {
    await uploadInParts(target, input, task);
    target.bucketProved = true;
    return undefined;
  }
  const tried = await directAttempt(target.client, input, putting(input), task);
  if (tried.result === undefined) {
    const command = replay(new sdk.PutObjectCommand(input), tried);
    const output = await target.client.send(command, task);
    checkEtag(output);
  }
  target.bucketProved = true;
  return undefined;
}

/** Stores an object in parts. Its body stays in the calling thread, which has lent it. */
export async function putLent(
  target: Target,
  key: string,
  body: LentBody,
  headers: ObjectHeaders,
  lend: Lend,
  task: Task,
): Promise<undefined> {
  await uploadInParts(target, objectInput(target, key, "", headers), task, lentSource(body, lend));
  target.bucketProved = true;
  return undefined;
}

/** A command that stores an object with one request, whatever its size. */
export function putCommand(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
): PutObjectCommand {
  const command = new sdk.PutObjectCommand(objectInput(target, key, body, headers));
  withExpires(command, headers.expires);
  return command;
}

export function objectInput(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
): ObjectInput {
  return {
    ...keyInput(target, key),
    Body:
      typeof body === "string"
        ? Buffer.from(body)
        : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    ContentType: headers.contentType,
    ContentEncoding: headers.contentEncoding,
    CacheControl: headers.cacheControl,
    ContentDisposition: headers.contentDisposition,
    ContentLanguage: headers.contentLanguage,
    WebsiteRedirectLocation: headers.websiteRedirect,
    Metadata: headers.metadata,
    ...storageInput(target),
  };
}
