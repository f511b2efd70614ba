import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import { argumentError } from "../errors/errors.js";
import { threadWide } from "./thread-wide.js";

const PREFIX = "s3bucketmap-memory-";

/** The directories that hold this thread's temporary stores. */
interface Directories {
  /** The directory of the process. */
  root: string | undefined;
  /** The part of it that is removed when this thread ends. */
  own: string | undefined;
}

// They are removed after the last exit listener, because any of them may still use a map. So `emit` is replaced: a listener of
// ours would come before those that are added later. Signals that end the process at once run no code: see `sweep`.
const source = `(() => {
  const fs = process.getBuiltinModule("node:fs");
  const directories = { root: undefined, own: undefined };
  const attempt = (remove) => {
    // Windows does not remove open files. They are swept later.
    try { remove(); } catch {}
  };
  const removeAll = () => {
    const { root, own } = directories;
    const gone = ${isMainThread} ? root : own;
    if (gone !== undefined) attempt(() => fs.rmSync(gone, { recursive: true, force: true }));
    // Other threads may still use it.
    if (root !== undefined) attempt(() => fs.rmdirSync(root));
  };
  const { emit } = process;
  process.emit = function (name) {
    try {
      return emit.apply(this, arguments);
    } finally {
      if (name === "exit" && process._exiting === true) removeAll();
    }
  };
  return directories;
})()`;

/**
 * The directory of a store in "memory". It is private to the process, and removed when the process ends.
 *
 * @param name - threads of the process that use the same name share the store. Without a name, each call creates a
 * store, which is removed when its thread ends
 */
export function memoryDirectory(name: string): string {
  const directories = threadWide<Directories>("memory-directories/1", source);
  try {
    return name === "" ? ownDirectory(directories) : namedDirectory(directories, name);
  } catch (error) {
    throw argumentError(
      `The option local is ":memory:", which needs a private directory in "${os.tmpdir()}": ${(error as Error).message}. The variable TMPDIR names another.`,
    );
  }
}

function ownDirectory(directories: Directories): string {
  directories.own ??= within(directories, (root) => fs.mkdtempSync(path.join(root, "thread-")));
  return fs.mkdtempSync(path.join(directories.own, "store-"));
}

function namedDirectory(directories: Directories, name: string): string {
  // A name may be too long for a file name, and two names may differ only in case.
  return within(directories, (root) => {
    const directory = path.join(root, `named-${digest(name, 32)}`);
    fs.mkdirSync(directory, { mode: 0o700, recursive: true });
    return directory;
  });
}

/** Creates a directory in that of the process. Another thread that ends may be removing the parent at the same time. */
function within(directories: Directories, make: (root: string) => string): string {
  for (let turn = 1; ; turn += 1) {
    if (directories.root === undefined) sweep();
    const root = (directories.root ??= path.join(
      os.tmpdir(),
      `${PREFIX}${machine()}-${process.pid}-${started()}`,
    ));
    try {
      fs.mkdirSync(root, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    try {
      checkPrivate(root);
      return make(root);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || turn === 10) throw error;
    }
  }
}

// Its name can be predicted, so another user may have created it.
function checkPrivate(root: string): void {
  const found = fs.lstatSync(root);
  const { getuid } = process;
  const isOurs = getuid === undefined || (found.uid === getuid() && (found.mode & 0o077) === 0);
  if (!found.isDirectory() || !isOurs) throw new Error(`"${root}" belongs to another user`);
}

/** Removes what killed processes have left behind. */
function sweep(): void {
  const ours = `${PREFIX}${machine()}-`;
  for (const name of fs.readdirSync(os.tmpdir())) {
    if (!name.startsWith(ours) || isAlive(Number.parseInt(name.slice(ours.length), 10))) continue;
    try {
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
    } catch {
      // It belongs to another user.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Identifies the namespace of process ids. A container and its host may share the temporary directory. */
function machine(): string {
  let namespace = "";
  try {
    namespace = fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    // Linux only.
  }
  return digest(`${os.hostname()} ${namespace}`, 8);
}

/** Identifies a process: the same in all its threads, and different for a later process with the same id. */
function started(): string {
  try {
    const afterName = fs.readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "");
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    // The 22nd field of proc_pid_stat(5), of which the first two are cut off.
    return digest(`${boot} ${afterName.split(" ")[19]!}`, 8);
  } catch {
    // Not Linux. The two readings are microseconds apart, and no process id is used again within 10 s.
    return String(Math.round((Number(process.hrtime.bigint()) / 1e9 - process.uptime()) / 10));
  }
}

function digest(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
