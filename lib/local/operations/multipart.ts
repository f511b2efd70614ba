import { removeParts } from "../body/body-reader.js";
import { newBodyId, removeChunks } from "../body/body-writer.js";
import { xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { invalidArgument, S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import { partKey, type BodyRecord, type UploadRecord } from "../store/records.js";
import { elements } from "../xml.js";
import { checkBucket, objectKey, touchBucket } from "./buckets.js";
import { objectHeadersOf } from "./object-headers.js";
import { bodyHeaders, storeBody } from "./put-object.js";

export const MAX_PARTS = 10_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload(
  context: Context,
  { bucket, key, headers }: S3Request,
): Promise<Reply> {
  const hasChecksum = headers["x-amz-checksum-algorithm"] !== undefined;
  // The library never asks for S3's default, a checksum of the parts' checksums.
  if (hasChecksum && headers["x-amz-checksum-type"] !== "FULL_OBJECT")
    throw new S3Error("NotImplemented", { Header: "x-amz-checksum-type" });
  const upload: UploadRecord = { ...objectHeadersOf(headers), ...(hasChecksum && { algorithm: "crc32" }) };
  const uploadId = newBodyId();
  await context.store.write(0, (plan) => {
    checkBucket(context, bucket);
    touchBucket(context, bucket, plan);
    plan.put(context.store.uploads, uploadKey(bucket, key, uploadId), upload);
  });
  return xmlReply(
    "InitiateMultipartUploadResult",
    elements({ Bucket: bucket, Key: key, UploadId: uploadId }),
    hasChecksum ? { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" } : {},
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(context: Context, request: S3Request): Promise<Reply> {
  const part = await storePart(context, request);
  return { statusCode: 200, headers: bodyHeaders(part) };
}

/** Stores a body as the part of an upload that a request names. */
export function storePart(context: Context, request: S3Request): Promise<BodyRecord> {
  const { store } = context;
  const partNumber = partNumberOf(request);
  return storeBody(context, request, true, (plan, stored) => {
    const { uploadId, upload, storedKey } = findUpload(context, request, plan);
    // Unchanged, but with a new version: a concurrent completion then reads the parts again.
    plan.put(store.uploads, storedKey, upload);
    const key = partKey(uploadId, partNumber);
    const old = plan.read(store.parts, key);
    if (old) removeChunks(store, old.id, plan);
    plan.put(store.parts, key, stored);
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { store } = context;
  await store.write(0, (plan) => {
    const { uploadId, storedKey } = findUpload(context, request, plan);
    removeParts(store, uploadId, plan);
    plan.remove(store.uploads, storedKey);
  });
  return { statusCode: 204, headers: {} };
}

export function uploadKey(bucket: string, key: string, uploadId: string): Buffer {
  return Buffer.concat([objectKey(bucket, `${key}\0`), Buffer.from(uploadId, "hex")]);
}

/** The upload that a request names. The write depends on it, and through its version on its parts. */
export function findUpload(
  context: Context,
  { bucket, key, query }: S3Request,
  plan: Plan,
): { uploadId: string; upload: UploadRecord; storedKey: Buffer } {
  checkBucket(context, bucket);
  const { uploadId = "" } = query;
  const storedKey = uploadKey(bucket, key, uploadId);
  // Another id, decoded, could be that of an existing upload.
  const canExist = /^[0-9a-f]{32}$/.test(uploadId);
  const upload = canExist ? plan.read(context.store.uploads, storedKey) : undefined;
  if (!upload) throw new S3Error("NoSuchUpload", { UploadId: uploadId });
  return { uploadId, upload, storedKey };
}

function partNumberOf({ query: { partNumber: text = "" } }: S3Request): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
}
