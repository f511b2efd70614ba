import { types } from "node:util";
import { argumentError, S3BucketMapError } from "../../errors/errors.js";
import { dataProperty, kindOf } from "../../arguments/kinds.js";

/** The error that a codec throws for an object that it cannot decode. */
export class Unreadable extends Error {
  readonly code: string;
  readonly advice: string;

  /** @param advice - what to do */
  constructor(code: string, reason: string, advice: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.code = code;
    this.advice = advice;
  }
}

/**
 * Checks the header of a layer's own format: a name, and the version in one byte.
 *
 * @throws Unreadable with this code for another header. A header that lacks only the version is accepted
 */
export function checkFormat(bytes: Buffer, header: Buffer, code: string, advice: string): void {
  const name = header.subarray(0, -1);
  if (!bytes.subarray(0, name.length).equals(name))
    throw new Unreadable(code, "it was not stored by this layer", advice);
  const version = header.at(-1);
  const found = bytes[name.length];
  if (found === undefined || found === version) return;
  throw new Unreadable(
    code,
    `it has version ${found} of the format, but this layer reads version ${version}`,
    "Read it with a newer version of s3bucketmap.",
  );
}

const misuses = new WeakSet<object>();

/** An error for a mistake in the program that is found only when a value is read. The value is not at fault. */
export function misuse(message: string): TypeError {
  const error = argumentError(message);
  misuses.add(error);
  return error;
}

function isMisuse(error: unknown): error is TypeError {
  return typeof error === "object" && error !== null && misuses.has(error);
}

/**
 * The error for a value that a layer cannot read. Any other error than an {@link Unreadable} becomes its `cause`,
 * unless it is an S3BucketMapError or a {@link misuse}, which is returned as it is.
 */
export function unreadable(
  error: unknown,
  layer: string,
  wholeKey: string,
  bucket: string | undefined,
): Error {
  if (error instanceof S3BucketMapError || isMisuse(error)) return error;
  const { code, message, advice, cause } =
    error instanceof Unreadable
      ? error
      : { code: "NotDecodable", message: messageOf(error), advice: otherwise, cause: error };
  const where = bucket === undefined ? "" : ` in bucket ${JSON.stringify(bucket)}`;
  const reason = message.replace(/\s+/g, " ").replace(/[. ]+$/, "");
  return new S3BucketMapError(
    `Cannot read ${JSON.stringify(wholeKey)}${where}: ${code}: ${layer}: ${reason}. ${advice}`,
    { code, operation: "get", bucket, key: wholeKey, cause },
  );
}

const otherwise = "Was it stored through the same layers?";

function messageOf(error: unknown): string {
  if (types.isNativeError(error)) return String(error.message);
  const message = dataProperty(error, "message");
  if (typeof message === "string") return message;
  return typeof error === "string" ? error : `${kindOf(error)} was thrown`;
}
