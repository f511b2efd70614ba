import { xmlReply, type Context, type Reply, type S3Request } from "../request.js";
import { invalidArgument, S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import type { BucketRecord } from "../store/records.js";
import { elements } from "../xml.js";

const OWNER = "<Owner><ID>local</ID><DisplayName>local</DisplayName></Owner>";
const MAX_BUCKETS = 10_000;
/** Sorts after all UTF-8. */
export const AFTER_ALL = Buffer.of(0xff);
export const MAX_KEY_BYTES = 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export function checkBucketName(bucket: string): void {
  // Not an IPv4 address, and without two dots in a row.
  if (!/^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new S3Error("InvalidBucketName", { BucketName: bucket });
}

export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size > MAX_KEY_BYTES)
    throw new S3Error("KeyTooLongError", { Size: size, MaxSizeAllowed: MAX_KEY_BYTES });
}

/** Must be called within a read or a write. */
export function checkBucket({ store, createBuckets }: Context, bucket: string): void {
  if (!createBuckets) checkExists(store.buckets.get(Buffer.from(bucket)), bucket);
}

function checkExists(record: BucketRecord | undefined, bucket: string): void {
  if (!record) throw new S3Error("NoSuchBucket", { BucketName: bucket });
}

/**
 * Plans the bucket's record, for a write that adds a key to the bucket. The record's new version makes a concurrent
 * DeleteBucket that found the bucket empty fail.
 */
export function touchBucket({ store, createBuckets }: Context, bucket: string, plan: Plan): void {
  const key = Buffer.from(bucket);
  const record = store.buckets.get(key);
  if (!createBuckets) plan.needs(store.buckets, key);
  plan.put(store.buckets, key, record ?? { created: Date.now() });
}

export function objectKey(bucket: string, key: string): Buffer {
  return Buffer.from(`${bucket}\0${key}`);
}

/** The range of the stored keys of a bucket's objects and uploads. */
export function keyRange(bucket: string, prefix: string): { start: Buffer; end: Buffer } {
  const start = objectKey(bucket, prefix);
  return { start, end: Buffer.concat([start, AFTER_ALL]) };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket({ store }: Context, { bucket }: S3Request): Promise<Reply> {
  // As in us-east-1, an owner can create the same bucket again.
  await store.write(0, (plan) => {
    const key = Buffer.from(bucket);
    if (!plan.read(store.buckets, key)) plan.put(store.buckets, key, { created: Date.now() });
  });
  return { statusCode: 200, headers: { location: `/${bucket}` } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export function headBucket({ store }: Context, { bucket }: S3Request): Reply {
  // Even if every name is treated as an existing bucket, only those exist that ListBuckets lists.
  store.read(() => checkExists(store.buckets.get(Buffer.from(bucket)), bucket));
  return { statusCode: 200, headers: { "x-amz-bucket-region": "us-east-1" } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket({ store }: Context, { bucket }: S3Request): Promise<Reply> {
  await store.write(0, (plan) => {
    checkExists(plan.read(store.buckets, Buffer.from(bucket)), bucket);
    const range = { ...keyRange(bucket, ""), limit: 1 };
    if (store.objects.getKeysCount(range) > 0 || store.uploads.getKeysCount(range) > 0)
      throw new S3Error("BucketNotEmpty", { BucketName: bucket });
    plan.remove(store.buckets, Buffer.from(bucket));
  });
  return { statusCode: 204, headers: {} };
}

/**
 * Lists buckets in the order of their names. The continuation token is the last name of the page before.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */
export function listBuckets({ store }: Context, { query }: S3Request): Reply {
  const { "max-buckets": asked = String(MAX_BUCKETS), "continuation-token": after } = query;
  const max = Number(asked);
  if (!(Number.isInteger(max) && max >= 1 && max <= MAX_BUCKETS))
    throw invalidArgument("Invalid Argument", "max-buckets", asked);
  const range = after === undefined ? {} : { start: Buffer.from(`${after}\0`) };
  const found = store.read(() => [...store.buckets.getRange({ ...range, limit: max + 1 })]);
  const page = found.slice(0, max);
  const buckets = page.map(({ key, value }) => {
    const bucket = { Name: key.toString(), CreationDate: new Date(value.created).toISOString() };
    return `<Bucket>${elements(bucket)}</Bucket>`;
  });
  const ContinuationToken = found.length > max ? page.at(-1)!.key.toString() : undefined;
  const content = `${OWNER}<Buckets>${buckets.join("")}</Buckets>${elements({ ContinuationToken })}`;
  return xmlReply("ListAllMyBucketsResult", content);
}
