import { getSystemErrorName, types } from "node:util";

/** Why the local S3 cannot use its directory. The README's table of errors has each of them. */
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
  /** Whether the write that failed may be on the disk all the same. */
  mayBeWritten?: boolean;
  /** Whether the path now leads to another store, which can be opened instead. */
  reopen?: boolean;
}

/** A failure of the directory or its store: no answer of S3's, and nothing that another try would mend. */
export class LocalS3Error extends Error {
  override name = "LocalS3Error";
  readonly code: LocalErrorCode;
  /** Tells the worker that no request was carried out. */
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

// LMDB gives up a transaction that meets one of these before it begins to make it valid.
const undone: ReadonlySet<LocalErrorCode> = new Set(["LocalS3DiskFull", "LocalS3Damaged"]);

/** What a failed commit means. */
export async function toCommitError(error: unknown, directory: string): Promise<LocalS3Error> {
  const { commitError } = error as { commitError?: Promise<never> };
  // Without a handler its rejection would end the thread.
  const cause: unknown = await Promise.resolve(commitError).catch((reason: unknown) => reason);
  const found = toLocalError(cause ?? error, directory);
  const code = found instanceof LocalS3Error ? found.code : "LocalS3Failed";
  const message = (found instanceof Error ? found : (error as Error)).message;
  return new LocalS3Error(code, message, { cause: cause ?? error, mayBeWritten: !undone.has(code) });
}

/** The path leads to another store by now, or to none. */
export function replaced(directory: string, cause: unknown, mayBeWritten = false): LocalS3Error {
  return new LocalS3Error("LocalS3Replaced", `"${directory}" was removed or replaced while it was open`, {
    cause,
    mayBeWritten,
    reopen: true,
  });
}

/**
 * What an error of the file system or of LMDB means for the store in `directory`.
 *
 * @param inside - another name of the directory, which may be in the error's message
 */
export function toLocalError(error: unknown, directory: string, inside: string = directory): unknown {
  if (error instanceof LocalS3Error || !types.isNativeError(error)) return error;
  const errno = errnoOf(error);
  // The directory was there, or had been made, a moment ago.
  if (errno === "ENOENT") return replaced(directory, error);
  const code = codeOf(error, errno);
  const message = `"${directory}": ${error.message.replaceAll(inside, directory)}`;
  return code === undefined ? error : new LocalS3Error(code, message, { cause: error });
}

function codeOf({ name, message }: Error, errno: unknown): LocalErrorCode | undefined {
  // A record that is no JSON.
  if (name === "SyntaxError") return "LocalS3Damaged";
  // A DOMException has numbers of its own.
  if (name !== "Error") return undefined;
  if (typeof errno === "string")
    return /^E[A-Z]+$/.test(errno) ? (byErrno[errno] ?? "LocalS3Failed") : undefined;
  if (typeof errno === "number") return byLmdbCode[errno] ?? "LocalS3Failed";
  return message.startsWith("MDB_") ? "LocalS3Failed" : undefined;
}

function errnoOf({ code }: Error & { code?: unknown }): unknown {
  return typeof code === "number" && code > 0 ? nameOf(code) : code;
}

function nameOf(errno: number): string | number {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return errno;
  }
}
