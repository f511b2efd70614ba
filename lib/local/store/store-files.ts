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

// All that this thread has open. Those of other threads are not known here.
const open = new Set<StoreFiles>();

/**
 * The two files of an open store. If the directory is removed, renamed or mounted over, the files stay open, and what
 * is written to them is lost. `check` finds that out.
 */
export class StoreFiles {
  readonly #directory: string;
  readonly #lock: FileId | undefined;
  #data: FileId | undefined;

  /** @param inside - another path of the same files, which still leads to them if `directory` no longer does */
  constructor(directory: string, inside: string) {
    this.#directory = directory;
    this.#data = idOf(inside, DATA_FILE);
    this.#lock = idOf(inside, LOCK_FILE);
    for (const other of open)
      // LMDB opens a data file once in a process. It would go on with the lock file that it opened then.
      if (isSame(other.#data, this.#data) && !isSame(other.#lock, this.#lock))
        throw this.#oneReplaced(LOCK_FILE);
    open.add(this);
  }

  /** Call this when the files are closed. */
  forget(): void {
    open.delete(this);
  }

  /**
   * Throws unless the path still leads to the same files. Costs two calls of stat, a few µs.
   *
   * @param mayBeWritten - whether something was just written to the files
   */
  check(mayBeWritten = false): void {
    const data = idOf(this.#directory, DATA_FILE);
    const hasData = isSame(data, this.#data);
    const hasLock = isSame(idOf(this.#directory, LOCK_FILE), this.#lock);
    if (!hasData && !hasLock) throw replaced(this.#directory, undefined, mayBeWritten);
    if (!hasData || !hasLock) throw this.#oneReplaced(hasLock ? DATA_FILE : LOCK_FILE, mayBeWritten);
    // Reading beyond the end of the file would end the process.
    if (data!.size < this.#data!.size)
      throw new LocalS3Error(
        "LocalS3Damaged",
        `${DATA_FILE} in "${this.#directory}" was cut from ${this.#data!.size} to ${data!.size} bytes while it was open`,
        { mayBeWritten },
      );
    this.#data = data;
  }

  // The lock file guards the data file. With a new lock file, two processes could write at the same time.
  #oneReplaced(name: string, mayBeWritten = false): LocalS3Error {
    return new LocalS3Error(
      "LocalS3Replaced",
      `${name} in "${this.#directory}" was removed or replaced, without the other file, while it was open`,
      { mayBeWritten },
    );
  }
}

// A file that cannot be examined counts as another file. The next attempt to open it reports what is wrong.
function idOf(directory: string, name: string): FileId | undefined {
  try {
    return statSync(path.join(directory, name), { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSame(one: FileId | undefined, other: FileId | undefined): boolean {
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}
