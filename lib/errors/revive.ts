import { advice, advice403, advice407, adviceGiven, adviceHttp, adviceWithoutConditions } from "./advice.js";
import {
  AccessDeniedError,
  markUnsure,
  NoSuchBucketError,
  PreconditionFailedError,
  S3BucketMapError,
  TimedOutError,
} from "./errors.js";
import { deniedCodes } from "./code-sets.js";
import { doing, verbOf } from "../bridge/operations.js";
import type { Method } from "../bridge/operations.js";
import type { Failure, WireError } from "../bridge/protocol.js";

/** What the call attempted, for the error. */
export interface Attempt {
  operation: Method;
  bucket: string;
  /** The full key; for a listing, the prefix. */
  key?: string;
  prefix?: string;
  timeoutMs: number;
}

/** Creates an error from a failure that the worker reported as plain data. */
export function toError(failure: Failure, attempt: Attempt): S3BucketMapError {
  const { code, statusCode, requestId, attempts, cause } = failure;
  const ErrorClass = classOf(failure);
  const error = new ErrorClass(messageOf(failure, attempt), {
    code,
    operation: attempt.operation,
    bucket: attempt.bucket === "" ? undefined : attempt.bucket,
    key: attempt.key,
    statusCode,
    requestId,
    attempts,
    cause: cause === undefined ? undefined : revive(cause),
  });
  if (failure.mayHaveBeenApplied === true) markUnsure(error);
  return error;
}

function classOf({ code, statusCode }: Failure): typeof S3BucketMapError {
  if (code === "NoSuchBucket") return NoSuchBucketError;
  if (code === "TimedOut") return TimedOutError;
  // The status 412 alone is not enough: a proxy may send it even to a call without a condition.
  if (code === "PreconditionFailed") return PreconditionFailedError;
  if (statusCode === 401 || statusCode === 403 || deniedCodes.has(code)) return AccessDeniedError;
  return S3BucketMapError;
}

function messageOf(failure: Failure, attempt: Attempt): string {
  const { code, reason } = failure;
  const verb = verbOf(attempt.operation);
  const it = verb.of === undefined ? "the write" : "it";
  const uncertain = failure.mayHaveBeenApplied === true ? `; ${it} may still have happened` : "";
  if (code === "TimedOut") {
    const because = reason === undefined ? "" : ` (${reason})`;
    const idle =
      attempt.operation === "putFile" || attempt.operation === "getFile" ? " without progress" : "";
    const left = uncertain !== "" && attempt.operation === "rename" ? halfRenamed : uncertain;
    return `Timed out after ${attempt.timeoutMs} ms${idle} while ${doing(verb)} ${object(attempt)}${because}${left}.`;
  }
  const toDo = adviceFor(failure, attempt.operation);
  const todo = toDo === undefined ? "" : ` ${toDo}`;
  const maybe = code === "AccessDenied" && readsOne.has(attempt.operation) ? ` ${advice403}` : "";
  const sought = failure.sought === undefined ? "" : `; ${failure.sought}`;
  return `Cannot ${verb.does} ${object(attempt)}: ${saidOf(failure)}${sought}${uncertain}.${todo}${maybe}`;
}

/** What went wrong: the code, the status, and the reason if there is one. */
export function saidOf({ code, reason, statusCode }: Failure): string {
  const isStatus = code === `HTTP${statusCode}`;
  const status = statusCode === undefined || isStatus ? "" : ` (HTTP ${statusCode})`;
  const said =
    reason === undefined || reason === "" || reason === code || reason === "UnknownError"
      ? ""
      : `: ${reason.replace(/\s+/g, " ").replace(/[. ]+$/, "")}`;
  return `${code}${status}${said}`;
}

/** What to do about a failure. */
export function adviceFor(
  { code, statusCode, credentialsGiven, todo }: Failure,
  operation = "",
): string | undefined {
  if (todo !== undefined) return todo;
  if (code === `HTTP${statusCode}`) return statusCode === 407 ? advice407 : adviceHttp;
  const special = code === "ConditionsUnsupported" ? adviceWithoutConditions[operation] : undefined;
  const toDo = [special ?? adviceOf(code), credentialsGiven && adviceGiven[credentialsGiven]];
  return toDo.filter((one) => one !== undefined).join(" ") || undefined;
}

// The service chooses the code. It could be "constructor".
function adviceOf(code: string): string | undefined {
  return Object.hasOwn(advice, code) ? advice[code] : undefined;
}

const halfRenamed = "; it may still have been copied, and the source may still be there";

const readsOne: ReadonlySet<string> = new Set(["get", "has", "head", "getFile"]);

function object({ operation, key, prefix, bucket }: Attempt): string {
  const { what, of } = verbOf(operation);
  if (of === "account") return what!;
  if (of === "bucket") return `bucket ${quote(bucket)}`;
  const which = key !== undefined ? `${quote(key)} ` : prefix ? `under ${quote(prefix)} ` : "";
  return `${what === undefined ? "" : `${what} `}${which}in bucket ${quote(bucket)}`;
}

function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 199)}…` : name);
}

function revive({ name, message, stack, code, cause }: WireError): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: revive(cause) });
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) Object.assign(error, { code });
  return error;
}
