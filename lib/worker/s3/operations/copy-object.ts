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
import { copyInParts } from "./copy-in-parts.js";
import type { CopyInput, Sent } from "./copy-in-parts.js";
import { withExpires } from "./expires.js";
import { withoutChunked } from "./get-object.js";

/** How much one CopyObject takes, and one UploadPartCopy is given. */
export interface CopySizes {
  largest: number;
  part: number;
}

/** S3's limit for a CopyObject is 5 GiB. */
export const copySizes: CopySizes = { largest: 5 * 1024 ** 3, part: 1024 ** 3 };

/** How often a copy is begun again because its source has changed. */
export const MAX_TURNS = 10;

/** The longest pause before another turn, and the first. */
const MAX_PAUSE_MS = 1000;
const FIRST_PAUSE_MS = 10;

/** The object to be copied. It may be in another bucket of the same service. */
export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  /** Left out: the newest. */
  readonly versionId?: string;
  /** One HEAD. */
  look(): Promise<Found | false>;
}

/**
 * Copies an object within the service, with its headers and metadata, but without the ids of conditional writes. One HEAD,
 * one CopyObject. The copy is of the version that the HEAD saw: S3 compares its ETag. Services that do not are found out by
 * the ETag of the copy: if it is another, one HEAD more shows whether the source has changed.
 *
 * @returns whether there is such an object
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function copyObject(
  target: Target,
  source: CopySource,
  to: string,
  signal: AbortSignal,
  sizes: CopySizes = copySizes,
): Promise<boolean> {
  const doubt = new Doubt();
  return doubt.during(() => copyUnderDoubt(target, source, to, signal, sizes, doubt));
}

async function copyUnderDoubt(
  target: Target,
  source: CopySource,
  to: string,
  signal: AbortSignal,
  sizes: CopySizes,
  doubt: Doubt,
): Promise<boolean> {
  let hasWritten = false;
  const etags = new OwnEtags();
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    if (turn > 1) await pauseBefore(turn, signal);
    const found = await source.look();
    if (found === false) return sourceGone(hasWritten || doubt.exists);
    etags.given(versionOf(found));
    const input = copyInput(target, source, to, found);
    if (target.copiesUnbound === true) delete input.CopySourceIfMatch;
    try {
      const etag = await sendCopy(target, input, found, signal, sizes);
      hasWritten = true;
      if (isOf(etag, found) || (await isUnchanged(source, found))) {
        target.bucketProved = true;
        return true;
      }
    } catch (error) {
      if (isNoSuchKey(error)) return sourceGone(hasWritten || doubt.exists);
      if (statusOf(error) !== 412) throw error;
      etags.refused(versionOf(found));
      // The service refuses the ETag that it gives.
      if (await isUnchanged(source, found)) target.copiesUnbound = true;
    }
  }
  const mayBeCopied = hasWritten || doubt.exists;
  throw etags.areRefused ? copyRefused(mayBeCopied) : sourceChanged(mayBeCopied);
}

/** The source is missing. @throws if it was there, and a copy of it may have been made */
export function sourceGone(mayBeCopied: boolean): false {
  if (!mayBeCopied) return false;
  throw new OperationError("NoSuchKey", "the source was deleted while it was being copied", {
    mayHaveBeenApplied: true,
  });
}

/** A random pause, longer at each turn, so that others may finish their writes to the source. */
export function pauseBefore(turn: number, signal: AbortSignal): Promise<void> {
  return pause(Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** turn), signal);
}

/** The source changed while it was copied, each time, or all but some. */
export function sourceChanged(mayBeCopied: boolean): OperationError {
  const reason = `each of ${MAX_TURNS} times the source changed while it was being copied, or the service said so`;
  return notCopied("TooMuchContention", reason, mayBeCopied);
}

/** The service refused the copy each time with 412, and gave the same ETag of the source again. */
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

/** Whether the copy has the ETag of its source: then it has its bytes. Copies of multipart objects have another. */
function isOf(etag: string, found: Found): boolean {
  return unquote(etag) === unquote(found.ETag ?? "");
}

async function isUnchanged(source: CopySource, found: Found): Promise<boolean> {
  const now = await source.look();
  return (
    now !== false && now.ETag === found.ETag && now.LastModified?.getTime() === found.LastModified?.getTime()
  );
}

/** Sends one copy. @returns its ETag */
export async function sendCopy(
  target: Target,
  input: CopyInput,
  found: Found,
  signal: AbortSignal,
  sizes: CopySizes = copySizes,
  sent: Sent = {},
): Promise<string> {
  const { client } = target;
  const size = found.ContentLength ?? 0;
  const expires = found.ExpiresString;
  if (size > sizes.largest)
    return copyInParts(target, input, { size, expires, part: sizes.part }, signal, sent);
  const isPlain = expires === undefined && sent.before === undefined && sent.last === undefined;
  const tried = isPlain ? await directAttempt(client, input, copying(input), signal) : {};
  if (tried.result !== undefined) return tried.result.etag;
  const command = replay(new sdk.CopyObjectCommand(input), tried);
  withExpires(command, expires);
  sent.before?.(command);
  const send = (): Promise<CopyObjectCommandOutput> => client.send(command, { abortSignal: signal });
  const output = await (sent.last === undefined ? send() : sent.last(command, send));
  const etag = output.CopyObjectResult?.ETag;
  if (etag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  return etag;
}

/** The value of x-amz-copy-source. An object behind an access point's ARN has a form of its own. */
function copySourceOf(bucket: string, key: string): string {
  if (!bucket.startsWith("arn:")) return `${bucket}/${key.split("/").map(escapeUri).join("/")}`;
  const arn = bucket.replace(/:accesspoint:/g, ":accesspoint/");
  return [...arn.split("/"), "object", ...key.split("/")].map(escapeUri).join("/").replaceAll("%3A", ":");
}
