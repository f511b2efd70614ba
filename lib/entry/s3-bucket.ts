import { asObject } from "../facade/bucket-object.js";
import type { BucketObject } from "../facade/bucket-object.js";
import type { ReadAs, S3BucketOptions } from "../arguments/options.js";
import { S3BucketMap } from "../bucket/s3-bucket-map.js";
import type { ValueOf } from "../bucket/shared.js";

/**
 * An S3 bucket, or the part of it under a prefix, as a plain object with blocking calls. Creating it sends nothing.
 * docs/costs.md lists what each use of it costs.
 *
 * @param location - a bucket's name, an access point's ARN, or `s3://bucket/prefix`
 * @throws TypeError for an invalid location or option; it names the right one
 * @example
 * const bucket = s3Bucket("my-bucket", { prefix: "testprefix/" });
 * bucket.testKey = "some value"; // durable when the statement ends: 1 PUT
 * bucket.testKey; // 'some value': 1 GET
 * "testKey" in bucket; // true: 1 HEAD
 * delete bucket.testKey; // 1 DELETE
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html
 */
export function s3Bucket<As extends ReadAs = "string">(
  location: string,
  options?: S3BucketOptions<As>,
): BucketObject<ValueOf<As>, S3BucketMap<As>> {
  return asObject(new S3BucketMap<As>(location, options));
}
