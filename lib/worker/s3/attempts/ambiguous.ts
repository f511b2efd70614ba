import { BadAnswer } from "../bad-answers.js";

/** An error of the SDK, Node or the local S3. */
export interface RequestError extends Error {
  code?: unknown;
  syscall?: unknown;
  Code?: unknown;
  /** Set by the local S3. */
  nothingWritten?: unknown;
  /** Set by watchAttempts: the answer cannot be understood, whatever its status. */
  isDamaged?: true;
  $metadata?: { httpStatusCode?: number };
  $retryable?: object;
}

/** Whether a failed request may have been applied: there was no response, or one that does not reject the request. */
export function isAmbiguous(error: RequestError): boolean {
  // An answer that is not S3's does not say what S3 has done.
  if (error.isDamaged === true || error instanceof BadAnswer) return true;
  const status = error.$metadata?.httpStatusCode;
  return status === undefined ? !wasNeverSent(error) : !isRefusal(status);
}

/**
 * Proxies (nginx, AWS load balancers) send these statuses if a request took too long or their client has gone. S3 may
 * have received the request.
 *
 * AWS sends SlowDown with 503, never with 429. So a 429 comes from another service or from a proxy, and a proxy may have
 * sent the request before without getting a response. Therefore a 429 is treated as a 503 is, even if its body is S3's
 * XML: in this rare case a conditional write costs one HEAD more, and is not sent twice. With 425, on the other hand, a
 * request is rejected before anything is done.
 */
const undecided: ReadonlySet<number> = new Set([408, 429, 460, 499]);

/** Whether a status means that nothing was done. 501 comes from services that lack the operation. */
export function isRefusal(statusCode: number): boolean {
  return (statusCode >= 300 && statusCode < 500 && !undecided.has(statusCode)) || statusCode === 501;
}

function wasNeverSent({ code, syscall, message, nothingWritten }: RequestError): boolean {
  if (nothingWritten === true) return true;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  if (message.includes("did not establish a connection")) return true;
  // A failed handshake, or characters that a request cannot contain.
  return (
    typeof code === "string" &&
    (code === "EPROTO" || /^ERR_(TLS|SSL|INVALID|UNESCAPED)_|CERT|SIGNATURE/.test(code))
  );
}
