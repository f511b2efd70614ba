import { argumentError } from "../errors/errors.js";
import { kindOf } from "./kinds.js";

/** A bucket, and a prefix if the location names one. */
export interface Location {
  bucket: string;
  prefix?: string;
}

/**
 * Reads a bucket's name, an access point's ARN, or `s3://bucket/prefix`.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function parseLocation(location: unknown): Location {
  if (typeof location !== "string") {
    throw argumentError(
      `The location must be a bucket name, an access point ARN or "s3://bucket/prefix", not ${kindOf(location)}.`,
    );
  }
  if (location.startsWith("arn:")) return { bucket: checkArn(location) };
  if (!/^[a-z0-9+.-]+:\/\//i.test(location)) return { bucket: checkName(location, location) };

  const [, scheme, bucket = "", prefix] = /^([^:]+):\/\/([^/]*)(?:\/(.*))?$/s.exec(location) ?? [];
  if (scheme !== "s3") {
    throw argumentError(
      `The location "${location}" must be a bucket name or begin with "s3://", not with "${scheme}://". ` +
        `To use a service other than AWS, set the option endpoint.`,
    );
  }
  checkName(bucket, location);
  return prefix === undefined || prefix === "" ? { bucket } : { bucket, prefix };
}

/** Whether this names an access point, which may lead to any bucket. */
export function isAlias(bucket: string): boolean {
  return bucket.includes(":") || bucket.endsWith("-s3alias") || bucket.endsWith("--ol-s3");
}

/** Whether a bucket can have this name. */
export function isBucketName(name: string): boolean {
  // Before 2018, us-east-1 also allowed upper case, "_" and up to 255 characters.
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(name) && !/\.\.|--x-s3$/.test(name);
}

/** @throws TypeError for an invalid bucket name */
export function checkBucketName(name: unknown): asserts name is string {
  if (typeof name !== "string")
    throw argumentError(`The name of a bucket must be a string, not ${kindOf(name)}.`);
  checkName(name, name);
}

function checkName(name: string, location: string): string {
  const of = name === location ? "" : ` in "${location}"`;
  if (name === "")
    throw argumentError(`The location${of === "" ? " is empty" : of + " contains no bucket name"}.`);
  if (name.includes("/")) {
    throw argumentError(
      `"${name}" is not a bucket name. For the part of a bucket under a prefix, write "s3://${name}".`,
    );
  }
  if (/--x-s3$/.test(name)) {
    throw argumentError(
      `"${name}"${of} is a directory bucket (S3 Express). These are not supported, because they list keys in no order.`,
    );
  }
  if (!isBucketName(name)) {
    throw argumentError(
      `"${name}"${of} is not a bucket name. A name has 3 to 63 letters, digits, "." and "-", and begins and ends with a letter or digit. Names of buckets from before 2018 can also contain "_", and have up to 255 characters.`,
    );
  }
  return name;
}

function checkArn(arn: string): string {
  const [, , service, region, account, ...rest] = arn.split(":");
  if (
    (service === "s3" || service === "s3-object-lambda") &&
    region === "" &&
    /^accesspoint[:/]/.test(rest.join(":"))
  ) {
    throw argumentError(
      `"${arn}" is a multi-region access point. These are not supported, because their requests need SigV4a.`,
    );
  }
  const isAccessPoint = /^accesspoint[:/][A-Za-z0-9-]+$/.test(rest.join(":"));
  const isOutpost =
    service === "s3-outposts" && /^outpost[:/][^:/]+[:/]accesspoint[:/][^:/]+$/.test(rest.join(":"));
  const known = service === "s3" || service === "s3-object-lambda";
  if (!(isOutpost || (known && isAccessPoint)) || !region || !account) {
    throw argumentError(
      `"${arn}" is not the ARN of an access point, which has the form "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME". For a bucket, use its name.`,
    );
  }
  return arn;
}
