import type { BucketRecord } from "./records.js";
import type { Context, Reply, S3Request } from "./request.js";
import { S3Error } from "./s3-error.js";
import { element, xmlDocument } from "./xml.js";

const OWNER = "<Owner><ID>local</ID><DisplayName>local</DisplayName></Owner>";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export function checkBucketName(bucket: string): void {
  if (
    !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ||
    /\.\./.test(bucket) ||
    /^\d+\.\d+\.\d+\.\d+$/.test(bucket)
  )
    throw new S3Error("InvalidBucketName", { elements: { BucketName: bucket } });
}

/** To be called within a read or a write. */
export function checkBucket({ store, createBuckets }: Context, bucket: string): void {
  if (!createBuckets && !store.buckets.get(Buffer.from(bucket)))
    throw new S3Error("NoSuchBucket", { elements: { BucketName: bucket } });
}

/** To be called within a write that puts something into the bucket, after its checks. */
export function rememberBucket({ store }: Context, bucket: string): void {
  const key = Buffer.from(bucket);
  if (!store.buckets.get(key)) store.buckets.putSync(key, { created: Date.now() });
}

/** The start of a bucket's keys, here and for its uploads; with 0xFF behind, their end. */
export function bucketPrefix(bucket: string): Buffer {
  return Buffer.from(`${bucket}\0`);
}

export function objectKey(bucket: string, key: string): Buffer {
  return Buffer.from(`${bucket}\0${key}`);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket(context: Context, { bucket }: S3Request): Promise<Reply> {
  checkBucketName(bucket);
  // A second time is a success, as it is for one's own bucket in us-east-1.
  await context.store.write(0, () => rememberBucket(context, bucket));
  return { statusCode: 200, headers: { location: `/${bucket}` } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export function headBucket(context: Context, { bucket }: S3Request): Reply {
  context.store.read(() => checkBucket(context, bucket));
  return { statusCode: 200, headers: { "x-amz-bucket-region": "us-east-1" } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export function getBucketLocation(context: Context, { bucket }: S3Request): Reply {
  context.store.read(() => checkBucket(context, bucket));
  return { statusCode: 200, headers: {}, body: xmlDocument("LocationConstraint", "") };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket(context: Context, { bucket }: S3Request): Promise<Reply> {
  const { store } = context;
  await store.write(0, () => {
    checkBucket(context, bucket);
    const start = bucketPrefix(bucket);
    const range = { start, end: Buffer.concat([start, Buffer.of(0xff)]), limit: 1 };
    if (store.objects.getKeysCount(range) > 0 || store.uploads.getKeysCount(range) > 0)
      throw new S3Error("BucketNotEmpty", { elements: { BucketName: bucket } });
    store.buckets.removeSync(Buffer.from(bucket));
  });
  return { statusCode: 204, headers: {} };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html, without its paging. */
export function listBuckets({ store }: Context): Reply {
  const found = store.read(() => [...store.buckets.getRange({})] as { key: Buffer; value: BucketRecord }[]);
  const buckets = found.map(
    ({ key, value }) =>
      `<Bucket>${element("Name", key.toString())}${element("CreationDate", new Date(value.created).toISOString())}</Bucket>`,
  );
  const body = xmlDocument("ListAllMyBucketsResult", `${OWNER}<Buckets>${buckets.join("")}</Buckets>`);
  return { statusCode: 200, headers: {}, body };
}
