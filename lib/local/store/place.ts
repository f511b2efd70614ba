import { statSync } from "node:fs";
import path from "node:path";
import { LocalS3Error, replaced } from "../local-error.js";

export const DATA_FILE = "data.mdb";
export const LOCK_FILE = "lock.mdb";

interface FileId {
  dev: bigint;
  ino: bigint;
  size: bigint;
}

// Those of this thread.
const open = new Set<Place>();

/**
 * The two files of an open store. Tells whether the path still leads to them: if the directory is removed, renamed or
 * mounted over, the files stay open, and what is written to them is lost.
 */
export class Place {
  private readonly directory: string;
  private readonly dataPath: string;
  private readonly lockPath: string;
  private readonly lock: FileId | undefined;
  private data: FileId | undefined;

  /** @param inside - a path of the files that are being opened, wherever `directory` leads by now */
  constructor(directory: string, inside: string) {
    this.directory = directory;
    this.dataPath = path.join(directory, DATA_FILE);
    this.lockPath = path.join(directory, LOCK_FILE);
    this.data = look(path.join(inside, DATA_FILE));
    this.lock = look(path.join(inside, LOCK_FILE));
    for (const { data, lock } of open)
      // LMDB opens a data file once in a process, and would keep using the lock file that it opened with it.
      if (isSame(data, this.data) && !isSame(lock, this.lock)) throw this.torn(LOCK_FILE);
    open.add(this);
  }

  /** Call when the files are closed. */
  leave(): void {
    open.delete(this);
  }

  /**
   * Throws unless the path leads to the same files as at first. Costs two calls of stat, a few µs.
   *
   * @param mayBeWritten - something was just written to the files
   */
  check(mayBeWritten = false): void {
    const data = look(this.dataPath);
    const hasData = isSame(data, this.data);
    const hasLock = isSame(look(this.lockPath), this.lock);
    if (!hasData && !hasLock) throw replaced(this.directory, undefined, mayBeWritten);
    if (!hasData || !hasLock) throw this.torn(hasLock ? DATA_FILE : LOCK_FILE, mayBeWritten);
    // To read beyond the end of the file would end the process.
    if (data!.size < this.data!.size)
      throw new LocalS3Error(
        "LocalS3Damaged",
        `${DATA_FILE} in "${this.directory}" was cut from ${this.data!.size} to ${data!.size} bytes while it was open`,
        { mayBeWritten },
      );
    this.data = data;
  }

  // The lock file guards the data file. With a new one, two processes could write at the same time.
  private torn(name: string, mayBeWritten = false): LocalS3Error {
    return new LocalS3Error(
      "LocalS3Replaced",
      `${name} in "${this.directory}" was removed or replaced, without the other file, while it was open`,
      { mayBeWritten },
    );
  }
}

// A file that cannot be examined is not the one that was opened. Opening it again will tell what is wrong.
function look(file: string): FileId | undefined {
  try {
    return statSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSame(one: FileId | undefined, other: FileId | undefined): boolean {
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}
