import { BadAnswer } from "../bad-answers.js";
import { agentsAreTold } from "./doubt.js";

/** An error of the SDK, Node or the local S3. */
export interface RequestError extends Error {
  code?: unknown;
  syscall?: unknown;
  Code?: unknown;
  /** Set by the local S3. */
  nothingWritten?: unknown;
  /** Set by watchAttempts: another write won, and this one did nothing. */
  isBeaten?: true;
  /** Set by watchAttempts: the body cannot be parsed, and the status alone does not say enough. */
  isDamaged?: true;
  $metadata?: { httpStatusCode?: number };
  $retryable?: object;
}

/** Whether a failed request may have been applied: there was no response, or one that does not reject the request. */
export function isAmbiguous(error: RequestError): boolean {
  // An answer that is not S3's does not say what S3 has done.
  if (error.isDamaged === true || error instanceof BadAnswer) return true;
  const status = error.$metadata?.httpStatusCode;
  return status === undefined ? !wasNeverSent(error) : !isRejection(status);
}

/**
 * Proxies (nginx, AWS load balancers) send these statuses if a request took too long or their client has gone. S3 may
 * have received the request. With 425 and 429, on the other hand, a request is rejected before anything is done.
 */
const undecided: ReadonlySet<number> = new Set([408, 460, 499]);

/**
 * Statuses that are conclusive without a body: the condition failed, the request came too early or too often, or the
 * service lacks the operation.
 */
export const conclusive: ReadonlySet<number> = new Set([412, 425, 429, 501]);

/** Whether a status means that nothing was done. 501 comes from services that lack the operation. */
export function isRejection(statusCode: number): boolean {
  return (statusCode >= 300 && statusCode < 500 && !undecided.has(statusCode)) || statusCode === 501;
}

function wasNeverSent({ code, syscall, message, nothingWritten }: RequestError): boolean {
  if (nothingWritten === true) return true;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  if (message.includes("did not establish a connection")) return true;
  if (typeof code !== "string") return false;
  // A certificate was rejected, or a request cannot contain some character.
  if (/^ERR_(TLS|INVALID|UNESCAPED)_|CERT|SIGNATURE/.test(code)) return true;
  // The handshake failed. In Node, a request counts as sent only after the handshake. There, such an
  // error comes later and proves nothing.
  return !agentsAreTold && (code === "EPROTO" || code.startsWith("ERR_SSL_"));
}
