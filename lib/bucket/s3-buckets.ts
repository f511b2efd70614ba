import { checkBucketName } from "../arguments/location.js";
import { kindOf } from "../arguments/kinds.js";
import { parseAccountSettings } from "../arguments/options.js";
import type { ReadAs, S3BucketOptions } from "../arguments/options.js";
import { argumentError } from "../errors/errors.js";
import { asObject } from "../facade/bucket-object.js";
import type { BucketObject } from "../facade/bucket-object.js";
import { BucketsMap, bucketsBehind } from "./buckets-map.js";
import type { ValueOf } from "./shared.js";

/** The options of `s3Bucket` that are not about one bucket alone. */
export type S3BucketsOptions<As extends ReadAs = "string"> = Omit<S3BucketOptions<As>, "prefix">;

/** The buckets of an account, by name. A name that no bucket can have is undefined. */
export interface S3Buckets<V = string> {
  readonly [name: string]: BucketObject<V>;
}

/**
 * The buckets of an account, or of a service, as a read-only object. Making it sends nothing, and neither does reading a
 * property: it is the bucket's object, as `s3Bucket` gives it, whether or not there is such a bucket. It is the same object
 * each time.
 *
 * `Object.keys` costs 1 ListBuckets for each 10,000 buckets, `in` 1 HeadBucket. `JSON.stringify` gives the names alone.
 * {@link createBucket} and {@link deleteBucket} change which buckets there are.
 *
 * @param options - those of `s3Bucket` without `prefix`. All buckets have them
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
 * Makes a bucket in the region of `s3`: 1 CreateBucket. One that is already this account's is left as it is.
 *
 * @returns the bucket's object
 * @throws TypeError for a name that no bucket can have. S3BucketMapError: `BucketAlreadyExists` for a name that another
 * account has, `InvalidBucketName` for one that S3 gives to no new bucket, `AccessDenied`, `TooManyBuckets`
 * @example
 * const logs = createBucket(s3, "logs");
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export function createBucket<V>(s3: S3Buckets<V>, name: string): BucketObject<V> {
  const buckets = checked("createBucket", s3, name);
  buckets.create(name);
  return asObject(buckets.map(name)) as unknown as BucketObject<V>;
}

/**
 * Deletes an empty bucket: 1 DeleteBucket. Versions and uploads that were not completed count as well.
 *
 * @throws TypeError for a name that no bucket can have. S3BucketMapError: `BucketNotEmpty`, `NoSuchBucket`, `AccessDenied`
 * @example
 * if (s3.logs) asMap(s3.logs).clear();
 * deleteBucket(s3, "logs");
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
 */
export function deleteBucket(s3: S3Buckets<unknown>, name: string): void {
  checked("deleteBucket", s3, name).remove(name);
}

function checked(method: string, s3: unknown, name: unknown): BucketsMap {
  const buckets = bucketsBehind(s3);
  if (buckets === undefined) {
    throw argumentError(
      `${method} takes an object that s3Buckets made, and a name: ${method}(s3, "my-bucket"); it was given ${kindOf(s3)}.`,
    );
  }
  checkBucketName(name);
  return buckets;
}
