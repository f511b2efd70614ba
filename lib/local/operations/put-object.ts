import { removeBody } from "../body/body-reader.js";
import { BodyWriter } from "../body/body-writer.js";
import { checkBucket, checkBucketName, objectKey, touchBucket } from "./buckets.js";
import { checkWrite, writeConditionsOf, type Conditions } from "./conditions.js";
import { checksumHeaders, objectHeadersOf } from "./object-headers.js";
import { receiveBody, type Received } from "../body/receive-body.js";
import type { Checksums, ObjectRecord } from "../store/records.js";
import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";

export const MAX_SINGLE_SIZE: number = 5 * 1024 ** 3;
const MAX_KEY_BYTES = 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(context: Context, request: S3Request): Promise<Reply> {
  const { bucket, key, headers } = request;
  checkTarget(bucket, key);
  const description = objectHeadersOf(headers);
  const conditions = writeConditionsOf(headers);
  context.store.read(() => checkBucket(context, bucket));
  const { writer, received } = await storeBody(context, request);
  const checksums = checksumsOf(received);
  const record: ObjectRecord = {
    id: writer.id.toString("hex"),
    size: received.size,
    etag: received.md5.toString("hex"),
    modified: Date.now(),
    ...description,
    ...(checksums && { checksums }),
  };
  await commitObject(context, { bucket, key, record, conditions, writer });
  return { statusCode: 200, headers: { etag: `"${record.etag}"`, ...checksumHeaders(checksums) } };
}

export function checkTarget(bucket: string, key: string): void {
  checkBucketName(bucket);
  const size = Buffer.byteLength(key);
  if (size > MAX_KEY_BYTES) {
    const elements = { Size: String(size), MaxSizeAllowed: String(MAX_KEY_BYTES) };
    throw new S3Error("KeyTooLongError", { elements });
  }
}

/** Receives a body and keeps it, so far unseen; of one that is refused or cut nothing remains. */
export async function storeBody(
  { store, signal }: Context,
  request: S3Request,
  wantsCrc32 = false,
): Promise<{ writer: BodyWriter; received: Received }> {
  const writer = new BodyWriter(store);
  try {
    const options = { maxSize: MAX_SINGLE_SIZE, signal, wantsCrc32 };
    return { writer, received: await receiveBody(request, (bytes) => writer.write(bytes), options) };
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
}

export function checksumsOf({ crc32 }: Received): Checksums | undefined {
  return crc32 === undefined ? undefined : { type: "FULL_OBJECT", values: { crc32 } };
}

/** Makes a stored body the object under a key, in one step, if the conditions hold at that moment. */
export async function commitObject(
  context: Context,
  object: { bucket: string; key: string; record: ObjectRecord; conditions: Conditions; writer: BodyWriter },
): Promise<void> {
  const { store, signal } = context;
  const { bucket, key, record, conditions, writer } = object;
  try {
    await store.write(writer.bufferedBytes, (plan) => {
      const storedKey = objectKey(bucket, key);
      const old = plan.read(store.objects, storedKey);
      signal?.throwIfAborted();
      checkBucket(context, bucket);
      checkWrite(old, conditions, key);
      if (old) removeBody(store, old, plan);
      else touchBucket(context, bucket, plan);
      writer.commit(plan);
      plan.put(store.objects, storedKey, record);
    });
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
}
