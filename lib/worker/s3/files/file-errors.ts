import type { Stats } from "node:fs";
import { OperationError } from "../../operation-error.js";

type FileCode = "FileNotRead" | "FileNotWritten";

/** An error of the file system, with the path. The error's cause has the system's code. */
export function fileError(code: FileCode, path: string, error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const { name, code: system = "", message } = error as NodeJS.ErrnoException;
  const because = reasonByCode[system] ?? message;
  const details = { cause: { name, message, code: system } };
  const reason = `${JSON.stringify(path)}: ${because}`;
  // The codes are written out so that a spec finds them.
  return code === "FileNotRead"
    ? new OperationError("FileNotRead", reason, details)
    : new OperationError("FileNotWritten", reason, details);
}

const reasonByCode: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory (ENOENT)",
  ENOTDIR: "part of the path is not a directory (ENOTDIR)",
  EISDIR: "it is a directory (EISDIR)",
  EACCES: "permission denied (EACCES)",
  EPERM: "not permitted (EPERM)",
  EROFS: "the file system is read-only (EROFS)",
  ENOSPC: "the disk is full (ENOSPC)",
  EDQUOT: "the quota of the disk is used up (EDQUOT)",
  EFBIG: "the file system does not support files of this size (EFBIG)",
  ELOOP: "too many symbolic links (ELOOP)",
  ENAMETOOLONG: "the name is too long (ENAMETOOLONG)",
};

/** @throws an error if the path is not an ordinary file, but for example a directory, a FIFO or a device */
export function checkOrdinary(code: FileCode, path: string, stats: Stats | BigIntStats): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? "a directory"
    : stats.isFIFO()
      ? "a FIFO"
      : stats.isSocket()
        ? "a socket"
        : "a device";
  throw fileError(code, path, new Error(`it is ${kind}, not an ordinary file`));
}

type BigIntStats = Pick<Stats, "isFile" | "isDirectory" | "isFIFO" | "isSocket">;
