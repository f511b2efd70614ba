import { startAtCaller } from "./stack.js";

/** What an {@link S3BucketMapError} has in addition to its message. */
export interface S3BucketMapErrorDetails {
  code: string;
  operation?: string | undefined;
  bucket?: string | undefined;
  key?: string | undefined;
  statusCode?: number | undefined;
  requestId?: string | undefined;
  attempts?: number | undefined;
  cause?: unknown;
}

/**
 * A failure of S3, the network or the worker thread. Wrong arguments are plain TypeErrors instead.
 *
 * `code` does not change between major versions, `message` may. It is S3's own code if S3 returned one (`AccessDenied`,
 * `SlowDown`, …). docs/errors.md lists the others.
 *
 * @example
 * try {
 *   bucket.testKey;
 * } catch (error) {
 *   if (error instanceof S3BucketMapError && error.code === "TimedOut") retryLater();
 * }
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export class S3BucketMapError extends Error {
  /** What happened. Stable across versions. */
  readonly code: string;
  /** The method or function that failed, such as `get`, `update` or `copyAll`. */
  declare readonly operation: string | undefined;
  declare readonly bucket: string | undefined;
  /** The full key in the bucket, with the prefix. */
  declare readonly key: string | undefined;
  /** The HTTP status, if there was a response. */
  declare readonly statusCode: number | undefined;
  /** S3's id of the request, for AWS Support. */
  declare readonly requestId: string | undefined;
  /** How many times the request was sent. */
  declare readonly attempts: number | undefined;

  constructor(message: string, details: S3BucketMapErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    const { operation, bucket, key, statusCode, requestId, attempts } = details;
    // Unknown properties are left out, so that they are not printed.
    for (const [name, value] of Object.entries({ operation, bucket, key, statusCode, requestId, attempts }))
      if (value !== undefined) Object.assign(this, { [name]: value });
    startAtCaller(this);
  }

  /** Also true for an error of another copy of the library, because a program can load several. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    const kind = kinds.get(this);
    return kind !== undefined && typeof value === "object" && value !== null && kind in value;
  }
}

// On the prototype, unknown properties are undefined, so that each name is "in" every error.
for (const name of ["operation", "bucket", "key", "statusCode", "requestId", "attempts"])
  Object.defineProperty(S3BucketMapError.prototype, name, { value: undefined, writable: true });

const kinds = new WeakMap<object, symbol>();

// Not enumerable and on the prototype, as in built-in errors: otherwise an error prints its name twice.
function setName(errorClass: { prototype: S3BucketMapError }, value: string): void {
  const kind = Symbol.for(`s3bucketmap.${value}/1`);
  kinds.set(errorClass, kind);
  Object.defineProperty(errorClass.prototype, kind, { value: true });
  Object.defineProperty(errorClass.prototype, "name", { value, writable: true, configurable: true });
}

/** The bucket does not exist at this endpoint, or this account cannot see it (`NoSuchBucket`). */
export class NoSuchBucketError extends S3BucketMapError {}

/** The credentials do not allow it, or are not accepted (HTTP 401 and 403). */
export class AccessDeniedError extends S3BucketMapError {}

/** The deadline of the call (`timeoutMs`) has passed (`TimedOut`). A write may still have happened. */
export class TimedOutError extends S3BucketMapError {}

/** The object does not have the ETag in `ifMatch` (`PreconditionFailed`). Nothing was written. */
export class PreconditionFailedError extends S3BucketMapError {}

/**
 * A call on many keys failed for some of them (`PartialFailure`). The keys are relative to the map. Those of a write
 * buffer are relative to the map that it was created over, even if a sub-map throws.
 */
export class PartialFailureError extends S3BucketMapError {
  /** The keys for which the call succeeded. */
  readonly succeeded: readonly string[];
  /** The other keys, each with its error. */
  readonly failed: ReadonlyMap<string, S3BucketMapError>;

  constructor(
    message: string,
    details: S3BucketMapErrorDetails,
    succeeded: readonly string[],
    failed: ReadonlyMap<string, S3BucketMapError>,
  ) {
    super(message, details);
    this.succeeded = succeeded;
    this.failed = failed;
  }
}

/**
 * The error of a call on many keys if some of them failed; undefined if none did.
 *
 * @param things - the noun in "Of 3 …"
 * @param done - the participle in "2 were …"
 */
export function partialFailure(
  operation: string,
  bucket: string | undefined,
  [things, done]: readonly [things: string, done: string],
  succeeded: readonly string[],
  failed: ReadonlyMap<string, S3BucketMapError>,
  advice = "",
): PartialFailureError | undefined {
  const [first] = failed.values();
  if (first === undefined) return undefined;
  const unsure = [...failed.values()].filter((error) => unsureErrors.has(error)).length;
  const not = failed.size - unsure;
  const were = (count: number): string => `${count} ${count === 1 ? "was" : "were"}`;
  const ends = [
    `${were(succeeded.length)} ${done}`,
    ...(not > 0 ? [`${were(not)} not`] : []),
    ...(unsure > 0 ? [`${unsure} may have been`] : []),
  ];
  return new PartialFailureError(
    `Of ${succeeded.length + failed.size} ${things}, ${ends.slice(0, -1).join(", ")} and ${ends.at(-1)}; ` +
      `the first that failed: ${first.message} The error's succeeded and failed name them all.${advice}`,
    { code: "PartialFailure", operation, bucket, cause: first },
    succeeded,
    failed,
  );
}

const unsureErrors = new WeakSet<S3BucketMapError>();

/** Records that a write may have happened although it failed with this error. */
export function markUnsure(error: S3BucketMapError): void {
  unsureErrors.add(error);
}

/** Whether a write may have happened although it failed with this error. */
export function isUnsure(error: unknown): boolean {
  return unsureErrors.has(error as S3BucketMapError);
}

/** A mistake in how the library was called: a plain TypeError at the caller's line. */
export function argumentError(message: string, cause?: unknown): TypeError {
  return startAtCaller(new TypeError(message, cause === undefined ? undefined : { cause }));
}

setName(S3BucketMapError, "S3BucketMapError");
setName(NoSuchBucketError, "NoSuchBucketError");
setName(AccessDeniedError, "AccessDeniedError");
setName(TimedOutError, "TimedOutError");
setName(PreconditionFailedError, "PreconditionFailedError");
setName(PartialFailureError, "PartialFailureError");
