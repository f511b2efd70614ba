import type { Failure } from "../bridge/protocol.js";
import { DeadlinePassed } from "./deadline.js";
import { toWireError } from "./wire-error.js";

/** A failure found here, not reported by the SDK. */
export class OperationError extends Error {
  override name = "OperationError";
  readonly code: string;
  readonly details: Omit<Failure, "code" | "reason">;

  constructor(code: string, reason: string, details: Omit<Failure, "code" | "reason"> = {}) {
    super(reason);
    this.code = code;
    this.details = details;
  }
}

/** What the SDK adds to the errors it throws. */
interface SdkError extends Error {
  code?: unknown;
  Code?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number };
  $response?: unknown;
}

/** Says in plain data why a call failed. */
export function toFailure(error: unknown, writes: boolean): Failure {
  if (error instanceof DeadlinePassed) return { code: "TimedOut", maybeWritten: writes };
  if (error instanceof OperationError) {
    return { code: error.code, reason: error.message, ...error.details };
  }
  if (!(error instanceof Error)) return { code: "Unknown", reason: String(error), maybeWritten: writes };
  const sdk = error as SdkError;
  const meta = sdk.$metadata;
  const failure: Failure = { code: codeOf(sdk), reason: error.message, cause: toWireError(error) };
  if (meta?.httpStatusCode !== undefined) failure.statusCode = meta.httpStatusCode;
  if (meta?.requestId !== undefined) failure.requestId = meta.requestId;
  if (meta?.attempts !== undefined) failure.attempts = meta.attempts;
  // Without an answer of S3's, or with one that it gives in distress, the write may have been carried out.
  if (
    writes &&
    !(failure.statusCode !== undefined && failure.statusCode < 500) &&
    !sentNothing(failure.code)
  ) {
    failure.maybeWritten = true;
  }
  return failure;
}

function sentNothing(code: string): boolean {
  return code === "CredentialsMissing" || code === "LocalS3Unavailable" || code === "BadConfiguration";
}

function codeOf(error: SdkError): string {
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) {
    // A body that is not S3's XML (a proxy's page), or none at all: the status is all there is.
    if (error.name === "UnknownError" || error.name === "Error" || error.name === "SyntaxError")
      return `HTTP${status}`;
    return error.name;
  }
  if (error.name === "CredentialsProviderError" || error.name === "TokenProviderError")
    return "CredentialsMissing";
  if (error.code === "LocalS3Unavailable") return error.code;
  if (typeof error.code === "string" || error.name === "TimeoutError") return "NetworkError";
  return "BadConfiguration";
}
