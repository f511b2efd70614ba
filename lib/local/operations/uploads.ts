import { partKey, partsOf } from "../body/body-reader.js";
import { removeChunks } from "../body/body-writer.js";
import { checkBucket } from "./buckets.js";
import type { Plan } from "../store/plan.js";
import type { UploadRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { Store } from "../store/store.js";

export function uploadKey(bucket: string, key: string, uploadId: string): Buffer {
  return Buffer.concat([Buffer.from(`${bucket}\0${key}\0`), Buffer.from(uploadId, "hex")]);
}

/** The upload that a request names; in a write, which depends on it and its parts, with the plan. */
export function findUpload(
  context: Context,
  { bucket, key, query }: S3Request,
  plan?: Plan,
): { uploadId: string; upload: UploadRecord } {
  checkBucket(context, bucket);
  const { uploads } = context.store;
  const uploadId = query["uploadId"] ?? "";
  // Anything else would make a store key that is not of this form, or too long.
  const known = /^[0-9a-f]{32}$/.test(uploadId) && Buffer.byteLength(key) <= 1024;
  const storedKey = uploadKey(bucket, key, known ? uploadId : "");
  const upload = !known ? undefined : plan ? plan.read(uploads, storedKey) : uploads.get(storedKey);
  if (!upload) throw new S3Error("NoSuchUpload", { elements: { UploadId: uploadId } });
  return { uploadId, upload };
}

/** Whether S3 is to check the upload's parts, and what they make; an older version may have begun others. */
export function hasCrc32({ algorithm, checksumType }: UploadRecord): boolean {
  return algorithm === "crc32" && checksumType === "FULL_OBJECT";
}

export function removePart(
  store: Store,
  uploadId: string,
  partNumber: number,
  bodyId: string,
  plan: Plan,
): void {
  removeChunks(store, Buffer.from(bodyId, "hex"), plan);
  plan.remove(store.parts, partKey(Buffer.from(uploadId, "hex"), partNumber));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(context: Context, request: S3Request): Promise<Reply> {
  const { store } = context;
  await store.write(0, (plan) => {
    const { uploadId } = findUpload(context, request, plan);
    for (const { partNumber, part } of partsOf(store, uploadId))
      removePart(store, uploadId, partNumber, part.id, plan);
    plan.remove(store.uploads, uploadKey(request.bucket, request.key, uploadId));
  });
  return { statusCode: 204, headers: {} };
}
