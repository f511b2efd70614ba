import { partKey } from "../body/body-reader.js";
import { newBodyId, removeChunks, type BodyWriter } from "../body/body-writer.js";
import { checkBucket, touchBucket } from "./buckets.js";
import { checksumHeaders, objectHeadersOf } from "./object-headers.js";
import { checksumsOf, checkTarget, storeBody } from "./put-object.js";
import type { PartRecord, UploadRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { findUpload, hasCrc32, uploadKey } from "./uploads.js";
import { element, xmlDocument } from "../xml.js";

const MAX_PARTS = 10_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload(
  context: Context,
  { bucket, key, headers }: S3Request,
): Promise<Reply> {
  checkTarget(bucket, key);
  const upload: UploadRecord = {
    bucket,
    key,
    initiated: Date.now(),
    ...objectHeadersOf(headers),
    ...checksumChoice(headers),
  };
  const uploadId = newBodyId().toString("hex");
  await context.store.write(0, (plan) => {
    checkBucket(context, bucket);
    touchBucket(context, bucket, plan);
    plan.put(context.store.uploads, uploadKey(bucket, key, uploadId), upload);
  });
  const content = element("Bucket", bucket) + element("Key", key) + element("UploadId", uploadId);
  return {
    statusCode: 200,
    headers: {
      ...(upload.algorithm && { "x-amz-checksum-algorithm": upload.algorithm.toUpperCase() }),
      ...(upload.checksumType && { "x-amz-checksum-type": upload.checksumType }),
    },
    body: xmlDocument("InitiateMultipartUploadResult", content),
  };
}

function checksumChoice(headers: Record<string, string>): Pick<UploadRecord, "algorithm" | "checksumType"> {
  if (headers["x-amz-checksum-algorithm"] === undefined) return {};
  // S3's default, a checksum of the parts' checksums, is not what the library asks for.
  if (headers["x-amz-checksum-type"] !== "FULL_OBJECT")
    throw new S3Error("NotImplemented", { elements: { Header: "x-amz-checksum-type" } });
  return { algorithm: "crc32", checksumType: "FULL_OBJECT" };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(context: Context, request: S3Request): Promise<Reply> {
  const partNumber = partNumberOf(request);
  const { upload } = context.store.read(() => findUpload(context, request));
  const { writer, received } = await storeBody(context, request, hasCrc32(upload));
  const checksums = checksumsOf(received);
  const part: PartRecord = {
    id: writer.id.toString("hex"),
    size: received.size,
    etag: received.md5.toString("hex"),
    modified: Date.now(),
    ...(checksums && { checksums }),
  };
  await commitPart(context, request, { partNumber, writer, part });
  return { statusCode: 200, headers: { etag: `"${part.etag}"`, ...checksumHeaders(checksums) } };
}

function partNumberOf({ query }: S3Request): number {
  const text = query["partNumber"] ?? "";
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  const message = "Part number must be an integer between 1 and 10000, inclusive";
  throw new S3Error("InvalidArgument", {
    message,
    elements: { ArgumentName: "partNumber", ArgumentValue: text },
  });
}

async function commitPart(
  context: Context,
  request: S3Request,
  { partNumber, writer, part }: { partNumber: number; writer: BodyWriter; part: PartRecord },
): Promise<void> {
  const { store, signal } = context;
  try {
    await store.write(writer.bufferedBytes, (plan) => {
      signal?.throwIfAborted();
      // It may have been completed or aborted while this part came in.
      const { uploadId, upload } = findUpload(context, request);
      const storedUpload = uploadKey(request.bucket, request.key, uploadId);
      plan.needs(store.uploads, storedUpload);
      // As it was, under a new version: whoever completes the upload at this moment looks at its parts again.
      plan.put(store.uploads, storedUpload, upload);
      const key = partKey(Buffer.from(uploadId, "hex"), partNumber);
      const old = plan.read(store.parts, key);
      if (old) removeChunks(store, Buffer.from(old.id, "hex"), plan);
      writer.commit(plan);
      plan.put(store.parts, key, part);
    });
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
}
