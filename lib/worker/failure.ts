import type { Failure } from "../bridge/protocol.js";
import { DeadlinePassed } from "./deadline.js";
import { BadAnswer, maybeDone } from "./s3/tries.js";
import { BrokenBody } from "./s3/whole-body.js";
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
  const failure: Failure = { code: codeOf(sdk), cause: toWireError(error) };
  if (!isNameless(sdk)) failure.reason = error.message;
  if (meta?.httpStatusCode !== undefined) failure.statusCode = meta.httpStatusCode;
  if (meta?.requestId !== undefined) failure.requestId = meta.requestId;
  if (meta?.attempts !== undefined) failure.attempts = meta.attempts;
  // A first try without the SDK may have gone out before it was needed.
  if (writes && (maybeDone(error) || failure.code === "SdkUnavailable")) failure.maybeWritten = true;
  return failure;
}

// What the SDK calls an answer whose body is not S3's XML (a proxy's page), or that has none: the status is
// all there is.
const nameless: ReadonlySet<string> = new Set([
  "Unknown",
  "UnknownError",
  "NotFound",
  "Error",
  "SyntaxError",
]);

function isNameless(error: SdkError): boolean {
  return error.$metadata?.httpStatusCode !== undefined && nameless.has(error.name);
}

function codeOf(error: SdkError): string {
  if (error instanceof BadAnswer) return "BadAnswer";
  if (error instanceof BrokenBody) return error.code;
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) return isNameless(error) ? `HTTP${status}` : error.name;
  if (error.name === "CredentialsProviderError" || error.name === "TokenProviderError")
    return "CredentialsMissing";
  if (typeof error.code === "string" && error.code.startsWith("LocalS3")) return error.code;
  if (error.code === "MODULE_NOT_FOUND") return "SdkUnavailable";
  if (typeof error.code === "string" || error.name === "TimeoutError") return "NetworkError";
  return "BadConfiguration";
}
