import type { Context, Reply, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import type { Plan } from "../store/plan.js";
import type { BucketRecord } from "../store/records.js";
import { element, xmlDocument } from "../xml.js";

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

/** Must be called within a read or a write. */
export function checkBucket({ store, createBuckets }: Context, bucket: string): void {
  if (!createBuckets) checkExists(store.buckets.get(Buffer.from(bucket)), bucket);
}

function checkExists(record: BucketRecord | undefined, bucket: string): void {
  if (!record) throw new S3Error("NoSuchBucket", { elements: { BucketName: bucket } });
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

/** Where the keys of a bucket, and of its uploads, begin. */
export function bucketPrefix(bucket: string): Buffer {
  return objectKey(bucket, "");
}

export function objectKey(bucket: string, key: string): Buffer {
  return Buffer.from(`${bucket}\0${key}`);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket({ store }: Context, { bucket }: S3Request): Promise<Reply> {
  // Creating one's own bucket again succeeds, as it does in us-east-1.
  await store.write(0, (plan) => {
    const key = Buffer.from(bucket);
    if (!plan.read(store.buckets, key)) plan.put(store.buckets, key, { created: Date.now() });
  });
  return { statusCode: 200, headers: { location: `/${bucket}` } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export function headBucket({ store }: Context, { bucket }: S3Request): Reply {
  // Where every name is taken for a bucket, those exist that ListBuckets lists.
  store.read(() => checkExists(store.buckets.get(Buffer.from(bucket)), bucket));
  return { statusCode: 200, headers: { "x-amz-bucket-region": "us-east-1" } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export function getBucketLocation(context: Context, { bucket }: S3Request): Reply {
  context.store.read(() => checkBucket(context, bucket));
  return { statusCode: 200, headers: {}, body: xmlDocument("LocationConstraint", "") };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket({ store }: Context, { bucket }: S3Request): Promise<Reply> {
  await store.write(0, (plan) => {
    checkExists(plan.read(store.buckets, Buffer.from(bucket)), bucket);
    const start = bucketPrefix(bucket);
    const range = { start, end: Buffer.concat([start, Buffer.of(0xff)]), limit: 1 };
    if (store.objects.getKeysCount(range) > 0 || store.uploads.getKeysCount(range) > 0)
      throw new S3Error("BucketNotEmpty", { elements: { BucketName: bucket } });
    plan.remove(store.buckets, Buffer.from(bucket));
  });
  return { statusCode: 204, headers: {} };
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html. In the order of their names; the token of a page is the
 * last of its names.
 */
export function listBuckets({ store }: Context, { query }: S3Request): Reply {
  const max = query["max-buckets"] === undefined ? Infinity : Number(query["max-buckets"]);
  if (max !== Infinity && !(Number.isInteger(max) && max >= 1 && max <= 10_000))
    throw new S3Error("InvalidArgument", {
      elements: { ArgumentName: "max-buckets", ArgumentValue: query["max-buckets"]! },
    });
  const after = Buffer.from(query["continuation-token"] ?? "");
  const range = after.length === 0 ? {} : { start: Buffer.concat([after, Buffer.of(0)]) };
  const found = store.read(() => [...store.buckets.getRange(range)]);
  const page = found.slice(0, max);
  const buckets = page.map(({ key, value }) => {
    const created = new Date(value.created).toISOString();
    return `<Bucket>${element("Name", key.toString())}${element("CreationDate", created)}</Bucket>`;
  });
  const token = found.length > page.length ? element("ContinuationToken", page.at(-1)!.key.toString()) : "";
  const body = xmlDocument(
    "ListAllMyBucketsResult",
    `${OWNER}<Buckets>${buckets.join("")}</Buckets>${token}`,
  );
  return { statusCode: 200, headers: {}, body };
}
