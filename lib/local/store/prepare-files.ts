import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { LocalS3Error } from "../local-error.js";
import { checkDataFile } from "./check-data-file.js";
import type { HeldDirectory } from "./held-directory.js";
import { DATA_FILE, LOCK_FILE } from "./store-files.js";

/** LMDB's maxReaders: a slot for each thread that reads, and for each large body that is being read. */
export const MAX_READERS = 2048;
// A slot has 64 bytes (MDB_reader in LMDB's mdb.c). The rest is more than the header needs (MDB_txninfo). A larger
// file only gives LMDB more slots.
const LOCK_BYTES = MAX_READERS * 64 + 32 * 1024;
// LMDB opens the data file twice and the lock file once. The fourth is a reserve.
const OPEN_FILES = 4;
// For the tree pages and the list of free pages that a transaction writes in addition to its data.
const SPARE_BYTES = 512 * 1024;

/** Creates missing files and checks existing ones as far as possible, because LMDB ends the process for a bad file. */
export function prepareFiles(directory: HeldDirectory): void {
  checkPair(directory);
  for (const name of [DATA_FILE, LOCK_FILE]) prepareFile(directory, name);
  checkOpenFiles(directory.inside);
  checkDataFile(path.join(directory.inside, DATA_FILE), path.join(directory.path, DATA_FILE));
}

function prepareFile(directory: HeldDirectory, name: string): void {
  const file = path.join(directory.inside, name);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) {
    if (name === LOCK_FILE) makeLockFile(file);
    else writeFileSync(file, "", { flag: "a", mode: 0o664 });
  } else if (!found.isFile())
    throw new LocalS3Error("LocalS3Damaged", `"${path.join(directory.path, name)}" is not a file`);
  accessSync(file, constants.R_OK | constants.W_OK);
  if (name === DATA_FILE && !found?.size) checkRoom(directory.path, 0);
}

/** Throws if the disk has no room for a transaction of `bytes`. LMDB itself would also print to stderr. */
export function checkRoom(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= bytes + bytes / 64 + SPARE_BYTES) return;
  throw new LocalS3Error(
    "LocalS3DiskFull",
    `"${directory}" has ${Math.floor((bavail * bsize) / 1024)} KiB left, and ${Math.ceil((bytes + SPARE_BYTES) / 1024)} KiB are needed`,
  );
}

/** Creates the directory and its parents if they are missing. */
export function makeDirectory(directory: string): void {
  try {
    makeWithParents(directory);
  } catch (error) {
    if (isDangling(directory))
      throw new LocalS3Error("LocalS3BadPath", `"${directory}" is a symbolic link that leads nowhere`);
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new LocalS3Error("LocalS3BadPath", `"${directory}" cannot be created`, { cause: error });
    throw error;
  }
}

// Node's option `recursive` never returns if no directory can be created in a parent, such as /proc.
function makeWithParents(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = path.dirname(directory);
    if (code === "EEXIST" && statSync(directory).isDirectory()) return;
    if (
      code !== "ENOENT" ||
      parent === directory ||
      statSync(parent, { throwIfNoEntry: false }) !== undefined
    )
      throw error;
    makeWithParents(parent);
    makeWithParents(directory);
  }
}

// A lock file alone is left when the data file was removed, because the data file is always created first. Other
// processes may still use the removed data file. With a new one, two processes could write at the same time.
function checkPair(directory: HeldDirectory): void {
  const [data, lock] = [path.join(directory.inside, DATA_FILE), path.join(directory.inside, LOCK_FILE)];
  // The lock file is looked for first, because another process may be creating both.
  if (existsSync(lock) && !existsSync(data))
    throw new LocalS3Error(
      "LocalS3Damaged",
      `"${directory.path}" has a ${LOCK_FILE} without its ${DATA_FILE}: remove it while no program uses the directory`,
    );
}

function isDangling(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink() && statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

// LMDB would create a sparse file. If the disk then had no room for a hole, the process would end. The file is
// written under another name, because closing any descriptor of the lock file releases the locks that this process
// has on the file.
function makeLockFile(file: string): void {
  const filled = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    writeFileSync(filled, Buffer.alloc(LOCK_BYTES), { flag: "wx", mode: 0o664 });
    linkSync(filled, file);
  } catch (error) {
    const { code = "", syscall } = error as NodeJS.ErrnoException;
    // On a file system without hard links, LMDB fills the file.
    if (syscall === "link" && /^(EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP)$/.test(code))
      writeFileSync(file, "", { flag: "a" });
    // EEXIST: another process was faster.
    else if (code !== "EEXIST") throw error;
  } finally {
    rmSync(filled, { force: true });
  }
}

function checkOpenFiles(directory: string): void {
  const opened: number[] = [];
  try {
    for (let count = 0; count < OPEN_FILES; count++) opened.push(openSync(directory, "r"));
  } finally {
    for (const file of opened) closeSync(file);
  }
}
