import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import { Doubt, doubtUntil } from "../attempts/doubt.js";
import { checkHost } from "../attempts/send-once.js";
import { checkEtag } from "../bad-answers.js";
import type { Found } from "../direct/reads.js";
import { unquote } from "../etag.js";
import { isNoSuchBucket, statusOf } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { isAwsOrLocal } from "../target.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { withoutChunked } from "./get-object.js";
import { head } from "./head-object.js";

/** What an upload stores. */
interface Uploaded {
  /** The input with which the upload was created. */
  readonly input: CreateMultipartUploadCommandInput & { Key: string };
  readonly length: number;
  readonly expires?: string | undefined;
}

/**
 * Joins the parts of an upload into one object. 1 CompleteMultipartUpload. Some services forget a completed upload: if
 * a response is lost, or a proxy sends the request twice, they answer NoSuchUpload or another 404 to the second
 * request. This then costs 1 HEAD. If the key has everything that the upload was to store, the upload has succeeded. It
 * makes no difference if another writer has stored an equal object.
 *
 * @returns the ETag of the object
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function completeUpload(
  target: Target,
  command: CompleteMultipartUploadCommandInput & { MultipartUpload: { Parts: CompletedPart[] } },
  uploaded: Uploaded,
  task: Task,
): Promise<string> {
  const doubt = new Doubt(task.doubt);
  let mayBeRepeated = false;
  try {
    const complete = new sdk.CompleteMultipartUploadCommand(command);
    // A proxy in front of other services may send the request twice.
    checkHost(complete, (hostname) => {
      mayBeRepeated = !isAwsOrLocal(target, hostname);
    });
    const output = await target.client.send(complete, { ...task, doubt });
    checkEtag(output);
    return output.ETag;
  } catch (error) {
    if (!mayBeUnknown(error) || task.signal.aborted) throw error;
    if (!doubt.exists && !mayBeRepeated) throw error;
    const etag = etagOf(command.MultipartUpload.Parts);
    return doubtUntil(task.doubt, async () => {
      const found = await head(target, uploaded.input.Key, task).catch(() => false as const);
      if (found === false || !isStored(found, etag, uploaded)) throw error;
      return etag;
    });
  }
}

/** Whether the service may no longer know the upload. Services and proxies say so in many ways, also without a body. */
function mayBeUnknown(error: unknown): boolean {
  return (error as Error).name === "NoSuchUpload" || (statusOf(error) === 404 && !isNoSuchBucket(error));
}

/**
 * The ETag of an object that consists of these parts: the MD5 of their MD5s. If ETags are not MD5s, it matches no
 * object.
 */
function etagOf(parts: readonly CompletedPart[]): string {
  const all = createHash("md5");
  for (const { ETag = "" } of parts) all.update(Buffer.from(unquote(ETag), "hex"));
  return `${all.digest("hex")}-${parts.length}`;
}

function isStored(found: Found, etag: string, { input, length, expires }: Uploaded): boolean {
  return (
    unquote(found.ETag ?? "") === etag &&
    found.ContentLength === length &&
    (input.ContentType === undefined || found.ContentType === input.ContentType) &&
    withoutChunked(found.ContentEncoding) === input.ContentEncoding &&
    found.CacheControl === input.CacheControl &&
    found.ContentDisposition === input.ContentDisposition &&
    found.ContentLanguage === input.ContentLanguage &&
    found.WebsiteRedirectLocation === input.WebsiteRedirectLocation &&
    found.ExpiresString === expires &&
    isDeepStrictEqual({ ...found.Metadata }, { ...input.Metadata })
  );
}
