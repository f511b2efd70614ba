import { getSystemErrorName, types } from "node:util";

/** Why the local S3 cannot use its directory. docs/errors.md lists these codes. */
export type LocalErrorCode =
  | "LocalS3Unavailable"
  | "LocalS3BadPath"
  | "LocalS3NotADirectory"
  | "LocalS3AccessDenied"
  | "LocalS3DiskFull"
  | "LocalS3Damaged"
  | "LocalS3OtherFormat"
  | "LocalS3Replaced"
  | "LocalS3Failed";

interface Details {
  cause?: unknown;
  /** The failed write may have reached the disk. */
  mayBeWritten?: boolean;
  /** The path now leads to another store, which can be opened instead. */
  reopen?: boolean;
}

/** A failure of the directory or its store. Unlike an S3Error, it is not a response of S3, and is never retried. */
export class LocalS3Error extends Error {
  override name = "LocalS3Error";
  readonly code: LocalErrorCode;
  /** The worker reads this to tell whether a write may have happened. */
  readonly nothingWritten: boolean;
  readonly reopen: boolean;

  constructor(code: LocalErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.nothingWritten = details.mayBeWritten !== true;
    this.reopen = details.reopen === true;
  }
}

const byErrno: Readonly<Record<string, LocalErrorCode>> = {
  ENOTDIR: "LocalS3NotADirectory",
  EEXIST: "LocalS3NotADirectory",
  ELOOP: "LocalS3BadPath",
  ENAMETOOLONG: "LocalS3BadPath",
  EACCES: "LocalS3AccessDenied",
  EPERM: "LocalS3AccessDenied",
  EROFS: "LocalS3AccessDenied",
  ENOSPC: "LocalS3DiskFull",
  EDQUOT: "LocalS3DiskFull",
  EFBIG: "LocalS3DiskFull",
};

// https://github.com/LMDB/lmdb/blob/mdb.master/libraries/liblmdb/lmdb.h
const byLmdbCode: Readonly<Record<number, LocalErrorCode>> = {
  [-30797]: "LocalS3Damaged", // MDB_PAGE_NOTFOUND
  [-30796]: "LocalS3Damaged", // MDB_CORRUPTED
  [-30794]: "LocalS3OtherFormat", // MDB_VERSION_MISMATCH
  [-30793]: "LocalS3Damaged", // MDB_INVALID
  [-30792]: "LocalS3DiskFull", // MDB_MAP_FULL
  [-30784]: "LocalS3OtherFormat", // MDB_INCOMPATIBLE
};

// With these codes, LMDB aborts the transaction before it writes the meta page that would commit it.
const aborted: ReadonlySet<LocalErrorCode> = new Set(["LocalS3DiskFull", "LocalS3Damaged"]);

/** Converts the error of a failed commit. */
export async function toCommitError(error: unknown, directory: string): Promise<LocalS3Error> {
  const { commitError } = error as { commitError?: Promise<never> };
  // If this rejection were unhandled, it would end the thread.
  const cause: unknown = await Promise.resolve(commitError).catch((reason: unknown) => reason);
  const found = toLocalError(cause ?? error, directory);
  const code = found instanceof LocalS3Error ? found.code : "LocalS3Failed";
  const message = (found instanceof Error ? found : (error as Error)).message;
  return new LocalS3Error(code, message, { cause: cause ?? error, mayBeWritten: !aborted.has(code) });
}

/** The error if the path no longer leads to the store that was opened. */
export function replaced(directory: string, cause: unknown, mayBeWritten = false): LocalS3Error {
  const message = `"${directory}" was removed or replaced while it was open`;
  return new LocalS3Error("LocalS3Replaced", message, { cause, mayBeWritten, reopen: true });
}

/**
 * Converts an error of the file system or of LMDB. Returns any other error as it is.
 *
 * @param alias - another path of the directory, which the error's message may have
 */
export function toLocalError(error: unknown, directory: string, alias: string = directory): unknown {
  if (error instanceof LocalS3Error || !types.isNativeError(error)) return error;
  const errno = errnoOf(error);
  // The directory existed a moment ago.
  if (errno === "ENOENT") return replaced(directory, error);
  const code = codeOf(error, errno);
  const message = `"${directory}": ${error.message.replaceAll(alias, directory)}`;
  return code === undefined ? error : new LocalS3Error(code, message, { cause: error });
}

// LMDB reports errors of the system by their numbers, and its own errors by negative numbers.
function errnoOf({ code }: Error & { code?: unknown }): unknown {
  return typeof code === "number" && code > 0 ? getSystemErrorName(-code) : code;
}

function codeOf({ name, message }: Error, errno: unknown): LocalErrorCode | undefined {
  // A stored record is not JSON.
  if (name === "SyntaxError") return "LocalS3Damaged";
  // The codes of other errors, such as DOMException, are other numbers.
  if (name !== "Error") return undefined;
  if (typeof errno === "string")
    return /^E[A-Z]+$/.test(errno) ? (byErrno[errno] ?? "LocalS3Failed") : undefined;
  if (typeof errno === "number") return byLmdbCode[errno] ?? "LocalS3Failed";
  return message.startsWith("MDB_") ? "LocalS3Failed" : undefined;
}
