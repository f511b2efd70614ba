import type { CopyObjectCommandOutput } from "@aws-sdk/client-s3";
import { OwnEtags } from "../../../errors/own-etags.js";
import { OperationError } from "../../operation-error.js";
import { Doubt } from "../attempts/doubt.js";
import { BadAnswer } from "../bad-answers.js";
import { withoutWrites } from "../conditional/write-id.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { escapeUri } from "../direct/messages.js";
import { replay } from "../direct/replay.js";
import type { Found } from "../direct/reads.js";
import { copying } from "../direct/writes.js";
import { quote, unquote } from "../etag.js";
import { pause } from "../pause.js";
import { versionOf } from "./head-object.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput, storageInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { copyInParts } from "./copy-in-parts.js";
import type { CopyInput, Sent } from "./copy-in-parts.js";
import { withExpires } from "./expires.js";
import { withoutChunked } from "./get-object.js";

/** The largest object that one CopyObject copies, and the size of the parts that UploadPartCopy copies. */
export interface CopySizes {
  largest: number;
  part: number;
}

/** S3's limit for a CopyObject is 5 GiB. */
export const copySizes: CopySizes = { largest: 5 * 1024 ** 3, part: 1024 ** 3 };

/** How often a copy is attempted if its source keeps changing. */
export const MAX_TURNS = 10;

/** The longest pause between two attempts, and the length from which pauses grow. */
const MAX_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 10;

/** The object to be copied. It may be in another bucket of the same service. */
export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  /** Default: the newest version. */
  readonly versionId?: string;
  /** One HEAD. */
  look(): Promise<Found | false>;
}

/**
 * Copies an object within the service, with its headers and metadata, but without the ids of conditional writes. One
 * HEAD, one CopyObject. S3 copies only the version that the HEAD returned, because it compares the ETags. Some services
 * do not compare them. So if the copy has another ETag than the source, one more HEAD shows whether the source has
 * changed.
 *
 * @returns whether the source exists
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export async function copyObject(
  target: Target,
  source: CopySource,
  to: string,
  task: Task,
  sizes: CopySizes = copySizes,
): Promise<boolean> {
  const doubt = new Doubt(task.doubt);
  let hasWritten = false;
  const etags = new OwnEtags();
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    if (turn > 1) await pauseBefore(turn, task.signal);
    const found = await source.look();
    if (found === false) return sourceGone(hasWritten || doubt.exists);
    etags.given(versionOf(found));
    const input = copyInput(target, source, to, found);
    if (target.copiesUnbound === true) delete input.CopySourceIfMatch;
    try {
      const etag = await sendCopy(target, input, found, { ...task, doubt }, sizes);
      hasWritten = true;
      if (isOf(etag, found) || (await isUnchanged(source, found))) {
        target.bucketProved = true;
        return true;
      }
    } catch (error) {
      if (isNoSuchKey(error)) return sourceGone(hasWritten || doubt.exists);
      if (statusOf(error) !== 412) throw error;
      etags.refused(versionOf(found));
      // If the source is unchanged, the service rejects the ETag that it returned itself.
      if (await isUnchanged(source, found)) target.copiesUnbound = true;
    }
  }
  const mayBeCopied = hasWritten || doubt.exists;
  throw etags.areRefused ? copyRefused(mayBeCopied) : sourceChanged(mayBeCopied);
}

/** The source is missing. @throws if it existed before, and may have been copied */
export function sourceGone(mayBeCopied: boolean): false {
  if (!mayBeCopied) return false;
  throw new OperationError("NoSuchKey", "the source was deleted while it was being copied", {
    mayHaveBeenApplied: true,
  });
}

/** A random pause, longer at each turn, so that other writers can finish their writes to the source. */
export function pauseBefore(turn: number, signal: AbortSignal): Promise<void> {
  return pause(Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** turn), signal);
}

/** The source changed during the copy, in all attempts or in most of them. */
export function sourceChanged(mayBeCopied: boolean): OperationError {
  const reason = `the source was copied ${MAX_TURNS} times, and each time it changed during the copy, or the service reported that it had`;
  return notCopied("TooMuchContention", reason, mayBeCopied);
}

/** The service rejected every copy with 412, although it kept returning the same ETag of the source. */
export function copyRefused(mayBeCopied: boolean, besides = ""): OperationError {
  const reason = `${MAX_TURNS} times in a row the service rejected the copy with HTTP 412, although the ETag of the source has not changed${besides}`;
  return notCopied("ConditionsUnsupported", reason, mayBeCopied);
}

function notCopied(code: string, reason: string, mayBeCopied: boolean): OperationError {
  return mayBeCopied
    ? new OperationError(code, reason, { mayHaveBeenApplied: true })
    : new OperationError(code, `${reason}; nothing was written`);
}

/** What each request of a copy says of its source, beside conditions. */
export function sourceInput({
  bucket,
  key,
  versionId,
}: Pick<CopySource, "bucket" | "key" | "versionId">): Pick<CopyInput, "CopySource"> {
  const version = versionId === undefined ? "" : `?versionId=${escapeUri(versionId)}`;
  return { CopySource: copySourceOf(bucket, key) + version };
}

export function copyInput(
  target: Target,
  source: Pick<CopySource, "bucket" | "key" | "versionId">,
  to: string,
  found: Found,
): CopyInput {
  return {
    ...keyInput(target, to),
    ...sourceInput(source),
    CopySourceIfMatch: quote(unquote(found.ETag ?? ""), "quoted"),
    MetadataDirective: "REPLACE",
    ContentType: found.ContentType,
    ContentEncoding: withoutChunked(found.ContentEncoding),
    CacheControl: found.CacheControl,
    ContentDisposition: found.ContentDisposition,
    ContentLanguage: found.ContentLanguage,
    WebsiteRedirectLocation: found.WebsiteRedirectLocation,
    Metadata: withoutWrites(found.Metadata),
    ...storageInput(target),
  };
}

/** Whether the copy has the ETag of its source, and so the same bytes. Copies of multipart objects have other ETags. */
function isOf(etag: string, found: Found): boolean {
  return unquote(etag) === unquote(found.ETag ?? "");
}

async function isUnchanged(source: CopySource, found: Found): Promise<boolean> {
  const now = await source.look();
  return (
    now !== false && now.ETag === found.ETag && now.LastModified?.getTime() === found.LastModified?.getTime()
  );
}

/** Sends one copy. @returns the ETag of the copy */
export async function sendCopy(
  target: Target,
  input: CopyInput,
  found: Found,
  task: Task,
  sizes: CopySizes = copySizes,
  sent: Sent = {},
): Promise<string> {
  const { client } = target;
  const size = found.ContentLength ?? 0;
  const expires = found.ExpiresString;
  if (size > sizes.largest)
    return copyInParts(target, input, { size, expires, part: sizes.part }, task, sent);
  const isPlain = expires === undefined && sent.before === undefined && sent.last === undefined;
  const tried = isPlain ? await directAttempt(client, input, copying(input), task) : {};
  if (tried.result !== undefined) return tried.result.etag;
  const command = replay(new sdk.CopyObjectCommand(input), tried);
  withExpires(command, expires);
  sent.before?.(command);
  const send = (): Promise<CopyObjectCommandOutput> => client.send(command, task);
  const output = await (sent.last === undefined ? send() : sent.last(command, send));
  const etag = output.CopyObjectResult?.ETag;
  if (etag === undefined) throw new BadAnswer("the response has no ETag", output.$metadata);
  return etag;
}

/** The value of x-amz-copy-source. Objects behind the ARN of an access point are written differently. */
function copySourceOf(bucket: string, key: string): string {
  if (!bucket.startsWith("arn:")) return `${bucket}/${key.split("/").map(escapeUri).join("/")}`;
  const arn = bucket.replace(/:accesspoint:/g, ":accesspoint/");
  return [...arn.split("/"), "object", ...key.split("/")].map(escapeUri).join("/").replaceAll("%3A", ":");
}
