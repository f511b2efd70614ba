import { checkBucketName } from "../arguments/location.js";
import { kindOf } from "../arguments/kinds.js";
import { parseAccountSettings } from "../arguments/options.js";
import type { ReadAs, S3BucketOptions } from "../arguments/options.js";
import { argumentError } from "../errors/errors.js";
import { asObject } from "../facade/bucket-object.js";
import type { BucketObject } from "../facade/bucket-object.js";
import { BucketsMap, bucketsBehind } from "./buckets-map.js";
import type { ValueOf } from "../bucket/shared.js";

/** The options of `s3Bucket` that do not concern a single bucket. */
export type S3BucketsOptions<As extends ReadAs = "string"> = Omit<S3BucketOptions<As>, "prefix">;

/** The buckets of an account, by name. An invalid bucket name returns undefined. */
export interface S3Buckets<V = string> {
  readonly [name: string]: BucketObject<V>;
}

/**
 * The buckets of an account, or of a service, as a read-only object. Creating it sends nothing. Reading a property
 * sends nothing either: it returns a bucket object, as `s3Bucket` does, even if there is no such bucket. It returns the
 * same object each time.
 *
 * `Object.keys` costs 1 ListBuckets for each 10,000 buckets, `in` 1 HeadBucket. `JSON.stringify` returns the names
 * only. {@link createBucket} and {@link deleteBucket} create and delete buckets.
 *
 * @param options - those of `s3Bucket`, except `prefix`. They apply to all buckets
 * @throws TypeError for an invalid option; it names the right one. S3BucketMapError when the buckets are listed or looked up:
 * `AccessDenied` without the permission s3:ListAllMyBuckets, or s3:ListBucket for `in`
 * @example
 * const s3 = s3Buckets({ region: "eu-west-1" });
 * for (const [name, bucket] of Object.entries(s3)) console.log(name, asMap(bucket).size);
 * if (s3.logs) s3.logs.today = "quiet"; // 1 PUT into the bucket "logs"
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */
export function s3Buckets<As extends ReadAs = "string">(
  options?: S3BucketsOptions<As>,
): S3Buckets<ValueOf<As>> {
  const buckets = new BucketsMap<As>(parseAccountSettings(options));
  return asObject(buckets) as unknown as S3Buckets<ValueOf<As>>;
}

/**
 * Creates a bucket in the region of `s3`: 1 CreateBucket. A bucket that this account already owns stays as it is.
 *
 * @returns the bucket object
 * @throws TypeError for an invalid bucket name. S3BucketMapError: `BucketAlreadyExists` if another account owns a
 * bucket of this name, `InvalidBucketName` for a name that S3 does not allow for new buckets, `AccessDenied`,
 * `TooManyBuckets`
 * @example
 * const logs = createBucket(s3, "logs");
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export function createBucket<V>(s3: S3Buckets<V>, name: string): BucketObject<V> {
  const buckets = checked("createBucket", s3, name);
  buckets.change(name, "createBucket");
  return asObject(buckets.map(name)) as unknown as BucketObject<V>;
}

/**
 * Deletes an empty bucket: 1 DeleteBucket. A bucket that still has old versions or unfinished uploads is not empty.
 *
 * @throws TypeError for an invalid bucket name. S3BucketMapError: `BucketNotEmpty`, `NoSuchBucket`, `AccessDenied`
 * @example
 * if (s3.logs) asMap(s3.logs).clear();
 * deleteBucket(s3, "logs");
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
 */
export function deleteBucket(s3: S3Buckets<unknown>, name: string): void {
  checked("deleteBucket", s3, name).change(name, "deleteBucket");
}

function checked(method: string, s3: unknown, name: unknown): BucketsMap {
  const buckets = bucketsBehind(s3);
  if (buckets === undefined) {
    throw argumentError(
      `${method} requires an object from s3Buckets and a name, as in ${method}(s3, "my-bucket"), not ${kindOf(s3)}.`,
    );
  }
  checkBucketName(name);
  return buckets;
}
