import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import { Doubt, Sending } from "../attempts/doubt.js";
import { beforeSending } from "../attempts/send-once.js";
import { checkEtag } from "../bad-answers.js";
import { isAws } from "../direct/predicted-route.js";
import type { Found } from "../direct/reads.js";
import { unquote } from "../etag.js";
import { sdk } from "../sdk.js";
import type { Target } from "../target.js";
import { withoutChunked } from "./get-object.js";
import { head } from "./head-object.js";

/** What an upload stores. */
interface Uploaded {
  /** With which the upload was begun. */
  readonly input: CreateMultipartUploadCommandInput & { Key: string };
  readonly length: number;
  readonly expires?: string | undefined;
}

/**
 * Makes the parts of an upload one object. 1 CompleteMultipartUpload. Some services forget an upload that is completed: if an
 * answer is lost, or a proxy sends the request twice, they say to the second request that there is no such upload. Then
 * 1 HEAD: where the key has all that the upload was to store, it is done. An equal object of somebody else's makes no
 * difference.
 *
 * @returns the ETag of the object
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function completeUpload(
  target: Target,
  command: CompleteMultipartUploadCommandInput & { MultipartUpload: { Parts: CompletedPart[] } },
  uploaded: Uploaded,
  signal: AbortSignal,
): Promise<string> {
  const doubt = new Doubt();
  let mayBeRepeated = false;
  try {
    const complete = new sdk.CompleteMultipartUploadCommand(command);
    // Before other services, a proxy may send it twice.
    beforeSending(complete, (hostname) => {
      mayBeRepeated = target.settings.local === undefined && !isAws(hostname);
    });
    const send = (): Promise<CompleteMultipartUploadCommandOutput> =>
      target.client.send(complete, { abortSignal: signal });
    const output = await doubt.during(send);
    checkEtag(output);
    return output.ETag;
  } catch (error) {
    if ((error as Error).name !== "NoSuchUpload" || signal.aborted) throw error;
    if (!doubt.exists && !mayBeRepeated) throw error;
    const first = new Sending("CompleteMultipartUpload");
    first.sent();
    const etag = etagOf(command.MultipartUpload.Parts);
    const found = await head(target, uploaded.input.Key, signal).catch(() => false as const);
    if (found === false || !isStored(found, etag, uploaded)) throw error;
    first.didNothing();
    return etag;
  }
}

/** The ETag that an object of these parts has: the MD5 of their MD5s. Where ETags are no MD5s, it is nobody's. */
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
