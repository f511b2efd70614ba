import {
  accessSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { checkDataFile } from "./check-data-file.js";
import type { HeldDirectory } from "./held-directory.js";
import { LocalS3Error } from "../local-error.js";
import { DATA_FILE, LOCK_FILE } from "./place.js";

// What LMDB opens at once: both files, and the first a second time.
const OPEN_FILES = 4;
// More than LMDB wants for the readers that the store asks for.
const LOCK_BYTES = 160 * 1024;
// The copies of tree pages, and the list of free ones, that a transaction writes beside its data.
const SPARE_BYTES = 512 * 1024;

/**
 * Makes a store's files where they are missing, and checks all that can be checked: where LMDB itself fails to open its
 * files, it ends the process.
 */
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

/** Throws where the disk has no room for a transaction of so many bytes: LMDB says so on stderr as well. */
export function checkRoom(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= bytes + bytes / 64 + SPARE_BYTES) return;
  throw new LocalS3Error(
    "LocalS3DiskFull",
    `"${directory}" has ${Math.floor((bavail * bsize) / 1024)} KiB left, and ${Math.ceil((bytes + SPARE_BYTES) / 1024)} KiB are needed`,
  );
}

/** Makes a store's directory where it is missing, and the ones above it. */
export function makeDirectory(directory: string): void {
  try {
    makeWithParents(directory);
  } catch (error) {
    if (isDangling(directory))
      throw new LocalS3Error("LocalS3BadPath", `"${directory}" is a symbolic link that leads nowhere`);
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new LocalS3Error("LocalS3BadPath", `"${directory}" cannot be made`, { cause: error });
    throw error;
  }
}

// Not by Node's `recursive`, which never ends where a parent takes no directories, as /proc.
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

// A new store under a lock that may be in use could be written by two at once. The data file is always made first.
function checkPair(directory: HeldDirectory): void {
  const has = (name: string): boolean =>
    statSync(path.join(directory.inside, name), { throwIfNoEntry: false }) !== undefined;
  if (!has(DATA_FILE) && has(LOCK_FILE) && !has(DATA_FILE))
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

// LMDB would make it with holes, and a hole that the disk has no room for ends the process. It is filled under another
// name: the lock of a process on a file ends when the process closes that file, through whatever descriptor.
function makeLockFile(file: string): void {
  const filled = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    writeFileSync(filled, Buffer.alloc(LOCK_BYTES), { flag: "wx", mode: 0o664 });
    linkSync(filled, file);
  } catch (error) {
    const { code = "", syscall } = error as NodeJS.ErrnoException;
    // A file system without links: LMDB fills it. With EEXIST, somebody else was quicker.
    if (syscall === "link" && /^(EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP)$/.test(code))
      closeSync(openSync(file, "a"));
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
