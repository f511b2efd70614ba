interface Refused {
  name?: unknown;
  Region?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
}

/**
 * The region that the bucket is in, where an answer tells it because the wrong one was asked.
 * The answer to a HEAD only says so in its headers.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function otherRegion(error: unknown): string | undefined {
  const { name, Region, $metadata, $response } = error as Refused;
  const status = $metadata?.httpStatusCode;
  if (status !== 301 && status !== 307 && status !== 400) return undefined;
  return (
    $response?.headers?.["x-amz-bucket-region"] ??
    (name === "AuthorizationHeaderMalformed" && typeof Region === "string" ? Region : undefined)
  );
}
