import path from "node:path";
import type { Failure } from "../bridge/protocol.js";
import { DeadlinePassed } from "./deadline.js";
import { BadAnswer, BrokenBody } from "./s3/bad-answers.js";
import { isWithoutCredentials } from "./s3/sdk-errors.js";
import type { SdkError } from "./s3/sdk-errors.js";
import { OperationError } from "./operation-error.js";
import { toWireError } from "./wire-error.js";

/**
 * The reason why a call failed, as plain data.
 *
 * @param mayHaveBeenApplied - whether a write of the call may have happened nevertheless
 */
export function toFailure(error: unknown, mayHaveBeenApplied: boolean): Failure {
  const failure = reasonOf(error);
  // The code that created the failure may know better, for example if the call's own write was rejected and only
  // another request was applied.
  if (mayHaveBeenApplied) failure.mayHaveBeenApplied ??= true;
  return failure;
}

function reasonOf(error: unknown): Failure {
  if (error instanceof DeadlinePassed)
    return { code: "TimedOut", ...(error.message === "" ? {} : { reason: error.message }) };
  if (error instanceof OperationError) {
    return { code: error.code, reason: error.message, ...error.details };
  }
  if (!(error instanceof Error)) return { code: "Unknown", reason: String(error) };
  const sdk = error as SdkError;
  const meta = sdk.$metadata;
  const failure: Failure = { code: codeOf(sdk), cause: toWireError(error) };
  if (!isNameless(sdk)) failure.reason = isPlainHttp(sdk) ? noTls : error.message;
  if (isUntrusted(sdk)) failure.reason = `${error.message}. ${howToTrust}`;
  if (meta?.httpStatusCode !== undefined) failure.statusCode = meta.httpStatusCode;
  if (meta?.requestId !== undefined) failure.requestId = meta.requestId;
  if (meta?.attempts !== undefined) failure.attempts = meta.attempts;
  if (isUnknownAwsHost(sdk))
    failure.todo = "Check the region, which is part of this host name, and the network.";
  if (failure.code === "SdkUnavailable" && isBesideBundle()) failure.todo = wholeWorker();
  if (sdk.sought !== undefined) failure.sought = sdk.sought.text;
  if (sdk.sought?.todo !== undefined) failure.todo = sdk.sought.todo;
  if (sdk.credentialsGiven !== undefined) failure.credentialsGiven = sdk.credentialsGiven;
  return failure;
}

// docs/bundlers.md gives the file this name. The package's own file is worker.js.
function isBesideBundle(): boolean {
  return path.basename(__filename).startsWith("s3bucketmap-worker.");
}

function wholeWorker(): string {
  return (
    `The worker's file ${__filename} is without the AWS SDK, or without a chunk that the bundler wrote beside it. Copy all ` +
    "files that the bundler wrote. Build the worker from s3bucketmap/worker, without --external:@aws-sdk/*, and do not " +
    "copy dist/worker.js. docs/bundlers.md of the package has the command."
  );
}

const howToTrust =
  "This program does not trust the issuer of the certificate. For a private CA, or a proxy that intercepts TLS, set AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS to a file with the CA's certificate";

function isUntrusted({ code }: SdkError): boolean {
  return (
    typeof code === "string" &&
    /^(?:SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY))/.test(code)
  );
}

const noTls = "the endpoint does not speak TLS: its URL may have to begin with http://";

// OpenSSL's message is "wrong version number", with a line of its source code.
function isPlainHttp({ code, message }: SdkError): boolean {
  return (
    (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") && message.includes("wrong version number")
  );
}

function isUnknownAwsHost({ code, message }: SdkError): boolean {
  return code === "ENOTFOUND" && /\.amazonaws\.com(?:\.cn)?$/.test(message);
}

// The SDK uses these names for a response without S3's XML, such as a proxy's page. Only the status is then known. A
// service may use such a name as its error code: Ceph uses UnknownError.
const nameless: ReadonlySet<string> = new Set([
  "Unknown",
  "UnknownError",
  "NotFound",
  "Error",
  "SyntaxError",
]);

function isNameless({ name, Code, $metadata }: SdkError): boolean {
  return $metadata?.httpStatusCode !== undefined && nameless.has(name) && !Code;
}

function codeOf(error: SdkError): string {
  if (error instanceof BadAnswer) return "BadAnswer";
  if (error instanceof BrokenBody) return error.code;
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) return isNameless(error) ? `HTTP${status}` : error.name;
  if (isWithoutCredentials(error)) return "CredentialsMissing";
  if (typeof error.code === "string" && error.code.startsWith("LocalS3")) return error.code;
  if (error.code === "MODULE_NOT_FOUND") return "SdkUnavailable";
  if (isNetwork(error)) return "NetworkError";
  if (isConfiguration(error)) return "BadConfiguration";
  return "Unknown";
}

// A failed system call on a socket or host name, a TLS error, or a response that is not HTTP.
function isNetwork({ name, code, syscall }: SdkError): boolean {
  if (name === "TimeoutError" || name === "AbortError") return true;
  if (typeof code !== "string") return false;
  if (/^(ECONN|EHOST|ENET|EADDR|EAI_|HPE_|ERR_(SSL|TLS)_)|CERT|SIGNATURE/.test(code)) return true;
  if (["ENOTFOUND", "ETIMEDOUT", "EPIPE", "EPROTO", "ERR_STREAM_PREMATURE_CLOSE"].includes(code)) return true;
  return syscall === "connect" || syscall === "getaddrinfo";
}

// A setting that the SDK, Node's URL or an HTTP header does not accept.
function isConfiguration({ name, code, message }: SdkError): boolean {
  if (name === "EndpointError") return true;
  if (typeof code === "string")
    return /^ERR_INVALID_(URL|CHAR|HTTP_TOKEN|PROTOCOL)$|^ERR_UNESCAPED/.test(code);
  return name === "Error" && /region|endpoint|profile|hostname|ARN|defaultsMode|Cannot load/i.test(message);
}
