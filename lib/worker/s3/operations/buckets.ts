import type { Result } from "../../../bridge/operations.js";
import { BadAnswer } from "../bad-answers.js";
import { Doubt } from "../attempts/doubt.js";
import { bucketInput } from "../bucket-input.js";
import { backOff } from "../pause.js";
import { otherRegion, statusOf } from "../sdk-errors.js";
import type { SdkError } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";

/** S3's limit. */
const MAX_BUCKETS = 10_000;

/** How often CreateBucket is sent while S3 is busy with another request for the same bucket. */
const MAX_SENT = 6;

/**
 * A page of the account's buckets. One ListBuckets. A service that does not support pages returns all buckets.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */
export async function listBuckets(
  { client }: Target,
  token: string | undefined,
  task: Task,
): Promise<Result<"listBuckets">> {
  const input = { MaxBuckets: MAX_BUCKETS, ...(token === undefined ? {} : { ContinuationToken: token }) };
  const output = await client.send(new sdk.ListBucketsCommand(input), task);
  const { Buckets = [], ContinuationToken } = output;
  const names = Buckets.flatMap(({ Name }) => (Name === undefined ? [] : [Name]));
  if (names.length < Buckets.length) throw new BadAnswer("a bucket has no name", output.$metadata);
  // Some services return an empty token with the last page.
  return { names, ...(ContinuationToken ? { token: ContinuationToken } : {}) };
}

/**
 * Whether the bucket exists. One HEAD. Any failure other than S3's 404 costs one more request, a LIST of at most one
 * key, because the response to a LIST has a body that names the reason.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 */
export async function bucketExists(target: Target, task: Task): Promise<boolean> {
  const { client } = target;
  try {
    await client.send(new sdk.HeadBucketCommand(bucketInput(target)), task);
    return true;
  } catch (error) {
    if (statusOf(error) === undefined || otherRegion(error) !== undefined) throw error;
    // A proxy's 404, which has no request id, says nothing about the bucket.
    if (statusOf(error) === 404 && (error as SdkError).$metadata?.requestId) return false;
  }
  try {
    const input = { ...bucketInput(target), MaxKeys: 1 };
    await client.send(new sdk.ListObjectsV2Command(input), task);
    return true;
  } catch (error) {
    if ((error as Error).name === "NoSuchBucket") return false;
    throw error;
  }
}

/**
 * Creates the bucket, in the client's region. Succeeds if the bucket already belongs to this account. One CreateBucket,
 * and more while S3 is busy with another request for the same name.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export async function createBucket(target: Target, task: Task): Promise<undefined> {
  for (let sent = 1; ; sent += 1) {
    try {
      // The SDK adds the region, except for us-east-1, for which S3 expects none.
      await target.client.send(new sdk.CreateBucketCommand(bucketInput(target)), task);
      return undefined;
    } catch (error) {
      const { name } = error as Error;
      if (name === "BucketAlreadyOwnedByYou") return undefined;
      if (name !== "OperationAborted" || sent === MAX_SENT) throw error;
    }
    await backOff(sent, task.signal);
  }
}

/**
 * Deletes the bucket, which must be empty. One DeleteBucket.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
 */
export async function deleteBucket(target: Target, task: Task): Promise<undefined> {
  const { client } = target;
  const doubt = new Doubt(task.doubt);
  const command = new sdk.DeleteBucketCommand(bucketInput(target));
  try {
    await client.send(command, { ...task, doubt });
  } catch (error) {
    // NoSuchBucket after a lost response means that an earlier attempt has deleted the bucket.
    if ((error as Error).name !== "NoSuchBucket" || !doubt.exists) throw error;
  }
  target.bucketProved = false;
  return undefined;
}
