import { OperationError } from "../operation-error.js";

/** What the SDK adds to the errors it throws. */
export interface SdkError extends Error {
  code?: unknown;
  syscall?: unknown;
  /** The code in the body of the answer. */
  Code?: unknown;
  Region?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number };
  $response?: { headers?: Record<string, string> };
  /** Set by MapCredentials. */
  credentialsGiven?: "option" | "environment";
  /** Set by S3: where credentials were sought, and what to do about that source. */
  sought?: { text: string; todo?: string };
}

/** Whether no provider has given credentials. */
export function isWithoutCredentials({ name }: Error): boolean {
  return name === "CredentialsProviderError" || name === "TokenProviderError";
}

export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}

/** Whether there was no bucket. A trial of conditions reports it as a failure of its own. */
export function isNoSuchBucket(error: unknown): boolean {
  return error instanceof OperationError
    ? error.code === "NoSuchBucket"
    : (error as Error).name === "NoSuchBucket";
}

/** Whether a request for an object failed because there is no such key. Then there is such a bucket. */
export function isNoSuchKey(error: unknown): boolean {
  return statusOf(error) === 404 && (error as Error).name === "NoSuchKey";
}

/**
 * The region of the bucket, if the answer says that another was asked. The answer to a HEAD says so in its headers only.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function otherRegion(error: unknown): string | undefined {
  const { name, Region, $response } = error as SdkError;
  const status = statusOf(error);
  if (status !== 301 && status !== 307 && status !== 400) return undefined;
  return (
    $response?.headers?.["x-amz-bucket-region"] ??
    (name === "AuthorizationHeaderMalformed" && typeof Region === "string" ? Region : undefined)
  );
}
