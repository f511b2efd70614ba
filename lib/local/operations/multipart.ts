import { partKey, partsOf, removePart } from "../body/body-reader.js";
import { newBodyId } from "../body/body-writer.js";
import type { Context, Reply, S3Request } from "../request.js";
import { invalidArgument, S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import type { BodyRecord, UploadRecord } from "../store/records.js";
import { element, xmlDocument } from "../xml.js";
import { checkBucket, touchBucket } from "./buckets.js";
import { objectHeadersOf } from "./object-headers.js";
import { bodyHeaders, checkKey, storeBody } from "./put-object.js";

export const MAX_PARTS = 10_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload(
  context: Context,
  { bucket, key, headers }: S3Request,
): Promise<Reply> {
  checkKey(key);
  const hasChecksum = headers["x-amz-checksum-algorithm"] !== undefined;
  // The library never asks for S3's default, a checksum of the parts' checksums.
  if (hasChecksum && headers["x-amz-checksum-type"] !== "FULL_OBJECT")
    throw new S3Error("NotImplemented", { elements: { Header: "x-amz-checksum-type" } });
  const upload: UploadRecord = {
    bucket,
    key,
    initiated: Date.now(),
    ...objectHeadersOf(headers),
    ...(hasChecksum && { algorithm: "crc32", checksumType: "FULL_OBJECT" }),
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
    headers: hasChecksum ? { "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT" } : {},
    body: xmlDocument("InitiateMultipartUploadResult", content),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(context: Context, request: S3Request): Promise<Reply> {
  const part = await storePart(context, request);
  return { statusCode: 200, headers: bodyHeaders(part) };
}

/** Stores a body as a part of the upload that a request names. */
export function storePart(context: Context, request: S3Request): Promise<BodyRecord> {
  const { store } = context;
  const partNumber = partNumberOf(request);
  return storeBody(context, request, true, (plan, stored) => {
    const { uploadId, upload, storedKey } = findUpload(context, request, plan);
    // Unchanged, but with a new version: a concurrent completion then reads the parts again.
    plan.put(store.uploads, storedKey, upload);
    const key = partKey(Buffer.from(uploadId, "hex"), partNumber);
    const old = plan.read(store.parts, key);
    if (old) removePart(store, uploadId, partNumber, old, plan);
    plan.put(store.parts, key, stored);
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { store } = context;
  await store.write(0, (plan) => {
    const { uploadId, storedKey } = findUpload(context, request, plan);
    for (const { partNumber, part } of partsOf(store, uploadId))
      removePart(store, uploadId, partNumber, part, plan);
    plan.remove(store.uploads, storedKey);
  });
  return { statusCode: 204, headers: {} };
}

export function uploadKey(bucket: string, key: string, uploadId: string): Buffer {
  return Buffer.concat([Buffer.from(`${bucket}\0${key}\0`), Buffer.from(uploadId, "hex")]);
}

/** The upload that a request names. The write depends on it, and through its version on its parts. */
export function findUpload(
  context: Context,
  { bucket, key, query }: S3Request,
  plan: Plan,
): { uploadId: string; upload: UploadRecord; storedKey: Buffer } {
  checkBucket(context, bucket);
  const uploadId = query["uploadId"] ?? "";
  const storedKey = uploadKey(bucket, key, uploadId);
  // Anything else would be a key of another form, or one that LMDB refuses.
  const canExist = /^[0-9a-f]{32}$/.test(uploadId) && Buffer.byteLength(key) <= 1024;
  const upload = canExist ? plan.read(context.store.uploads, storedKey) : undefined;
  if (!upload) throw new S3Error("NoSuchUpload", { elements: { UploadId: uploadId } });
  return { uploadId, upload, storedKey };
}

function partNumberOf({ query }: S3Request): number {
  const text = query["partNumber"] ?? "";
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
}
