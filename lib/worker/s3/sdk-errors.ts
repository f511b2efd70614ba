import { OperationError } from "../operation-error.js";

/** What the SDK adds to the errors it throws. */
export interface SdkError extends Error {
  code?: unknown;
  syscall?: unknown;
  /** The code in the body of the response. */
  Code?: unknown;
  Region?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number };
  $response?: { headers?: Record<string, string> };
  /** Set by MapCredentials. */
  credentialsGiven?: "option" | "environment";
  /** Set by class S3: where credentials were searched for, and what to do about that source. */
  sought?: { text: string; todo?: string };
}

/** Whether no provider returned credentials. */
export function isWithoutCredentials({ name }: Error): boolean {
  return name === "CredentialsProviderError" || name === "TokenProviderError";
}

export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}

/** Whether the bucket does not exist. A trial of conditions reports that in an OperationError. */
export function isNoSuchBucket(error: unknown): boolean {
  return error instanceof OperationError
    ? error.code === "NoSuchBucket"
    : (error as Error).name === "NoSuchBucket";
}

/** Whether a request for an object failed because the key does not exist. The bucket then exists. */
export function isNoSuchKey(error: unknown): boolean {
  return statusOf(error) === 404 && (error as Error).name === "NoSuchKey";
}

/**
 * The region of the bucket, if the response says that the request went to another region. The response to a HEAD says
 * so in its headers only.
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
