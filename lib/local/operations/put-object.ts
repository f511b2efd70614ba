import { removeBody } from "../body/body-reader.js";
import { BodyWriter } from "../body/body-writer.js";
import { receiveBody } from "../body/receive-body.js";
import type { Context, Reply, S3Request } from "../request.js";
import type { Plan } from "../store/plan.js";
import type { BodyRecord, ObjectRecord } from "../store/records.js";
import { checkBucket, objectKey, touchBucket } from "./buckets.js";
import { checkWrite, writeConditionsOf, type Conditions } from "./conditions.js";
import { checksumHeaders, checksumsOf, objectHeadersOf } from "./object-headers.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(context: Context, request: S3Request): Promise<Reply> {
  const description = objectHeadersOf(request.headers);
  const conditions = writeConditionsOf(request.headers);
  const body = await storeBody(context, request, false, (plan, stored) =>
    putRecord(context, request, { ...stored, ...description }, conditions, plan),
  );
  return { statusCode: 200, headers: bodyHeaders(body) };
}

/** The headers in the response to a PUT that describe the stored body. */
export function bodyHeaders(body: BodyRecord): Record<string, string> {
  return { etag: `"${body.etag}"`, ...checksumHeaders(body) };
}

/**
 * Receives and stores a body. Its last chunks are written in one transaction with what `planRecord` plans. If anything
 * fails, nothing remains of the body.
 */
export async function storeBody(
  { store, signal }: Context,
  request: Pick<S3Request, "headers" | "body">,
  wantsCrc32: boolean,
  planRecord: (plan: Plan, body: BodyRecord) => void,
): Promise<BodyRecord> {
  const writer = new BodyWriter(store);
  try {
    const options = { signal, wantsCrc32 };
    const { size, md5, crc32 } = await receiveBody(request, (bytes) => writer.write(bytes), options);
    const body: BodyRecord = {
      id: writer.id,
      size,
      etag: md5.toString("hex"),
      modified: Date.now(),
      ...checksumsOf(crc32),
    };
    await store.write(writer.bufferedBytes, (plan) => {
      signal?.throwIfAborted();
      planRecord(plan, body);
      writer.commit(plan);
    });
    return body;
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
}

/** Checks the conditions, and plans the record of an object and the removal of the object that it replaces. */
export function putRecord(
  context: Context,
  { bucket, key }: Pick<S3Request, "bucket" | "key">,
  record: ObjectRecord,
  conditions: Conditions,
  plan: Plan,
): void {
  const { store } = context;
  checkBucket(context, bucket);
  const storedKey = objectKey(bucket, key);
  const old = plan.read(store.objects, storedKey);
  checkWrite(old, conditions, key);
  if (old) removeBody(store, old, plan);
  else touchBucket(context, bucket, plan);
  plan.put(store.objects, storedKey, record);
}
