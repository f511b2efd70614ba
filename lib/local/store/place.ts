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

// Of this thread.
const open = new Set<Place>();

/**
 * The two files of an open store, and whether its path still leads to them. A directory can be removed, renamed or
 * mounted over while it is open; its files then stay open, and what is written to them is nowhere.
 */
export class Place {
  private readonly directory: string;
  private readonly dataPath: string;
  private readonly lockPath: string;
  private readonly lock: FileId | undefined;
  private data: FileId | undefined;

  /** @param inside - leads to the directory that is being opened, wherever its path leads by now */
  constructor(directory: string, inside: string) {
    this.directory = directory;
    this.dataPath = path.join(directory, DATA_FILE);
    this.lockPath = path.join(directory, LOCK_FILE);
    this.data = look(path.join(inside, DATA_FILE));
    this.lock = look(path.join(inside, LOCK_FILE));
    for (const { data, lock } of open)
      // LMDB opens a file once in a process, and would go on with the lock file of then.
      if (isSame(data, this.data) && !isSame(lock, this.lock)) throw this.torn(LOCK_FILE, {});
    open.add(this);
  }

  /** To be called when the files are closed. */
  leave(): void {
    open.delete(this);
  }

  /**
   * Throws unless the path leads to the same files as when this was made. Two calls of stat, some µs.
   *
   * @param written - whether something was just written to the files
   */
  check(written = false): void {
    const details = { mayBeWritten: written };
    const data = look(this.dataPath);
    const lock = look(this.lockPath);
    const sameData = isSame(data, this.data);
    const sameLock = isSame(lock, this.lock);
    if (!sameData && !sameLock) throw replaced(this.directory, undefined, written);
    if (!sameData || !sameLock) throw this.torn(sameLock ? DATA_FILE : LOCK_FILE, details);
    // Reading behind its end would end the process.
    if (data!.size < this.data!.size)
      throw new LocalS3Error(
        "LocalS3Damaged",
        `${DATA_FILE} in "${this.directory}" was cut from ${this.data!.size} to ${data!.size} bytes while it was open`,
        details,
      );
    this.data = data;
  }

  // LMDB locks by the one file what is in the other: a new pair of them could be written by two at once.
  private torn(name: string, details: { mayBeWritten?: boolean }): LocalS3Error {
    return new LocalS3Error(
      "LocalS3Replaced",
      `${name} in "${this.directory}" was removed or replaced, without the other file, while it was open`,
      details,
    );
  }
}

// A file that cannot be looked at is not the one that was opened. Why not, opening it again will say.
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
