/** What failed, as the SDK, Node or the local S3 throw it. */
export interface Tried extends Error {
  code?: unknown;
  syscall?: unknown;
  Code?: unknown;
  /** Said by the local S3. */
  nothingWritten?: unknown;
  $metadata?: { httpStatusCode?: number };
  $retryable?: object;
}

/** Whether a request that failed may have been carried out: without an answer, or with one in distress, nobody knows. */
export function isAmbiguous(error: Error): boolean {
  const { $metadata } = error as Tried;
  if ($metadata?.httpStatusCode !== undefined) return !isRefusal($metadata.httpStatusCode);
  return !neverSent(error);
}

/**
 * What a proxy says when the time for a request was up, or when a client of its own has gone (nginx, an AWS load balancer):
 * S3 may have had the request all the same. 425 and 429 are no such answers, they refuse it before anything is done.
 */
const undecided: ReadonlySet<number> = new Set([408, 460, 499]);
/** Whether an answer says that nothing was done. 501 is that of a service without the operation. */
export function isRefusal(statusCode: number): boolean {
  return (statusCode >= 300 && statusCode < 500 && !undecided.has(statusCode)) || statusCode === 501;
}

function neverSent({ code, syscall, message, nothingWritten }: Tried): boolean {
  if (nothingWritten === true) return true;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  if (message.includes("did not establish a connection")) return true;
  // A handshake that failed; what cannot be in a request.
  return (
    typeof code === "string" &&
    (code === "EPROTO" || /^ERR_(TLS|SSL|INVALID|UNESCAPED)_|CERT|SIGNATURE/.test(code))
  );
}
