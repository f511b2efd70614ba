import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import { argumentError } from "../errors/errors.js";
import { threadWide } from "./thread-wide.js";

const PREFIX = "s3bucketmap-memory-";

/** Where the places of this thread are. */
interface Places {
  /** The directory of the process. */
  root: string | undefined;
  /** The part of it that goes when this thread ends. */
  own: string | undefined;
}

// They are removed after the last exit listener, because any of them may still use a map. So `emit` is replaced: a listener of
// ours would come before those that are added later. Signals that end the process at once run no code: see `sweep`.
const source = `(() => {
  const fs = process.getBuiltinModule("node:fs");
  const places = { root: undefined, own: undefined };
  const attempt = (remove) => {
    // Windows keeps files that are open. They are swept later.
    try { remove(); } catch {}
  };
  const removeAll = () => {
    const { root, own } = places;
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
  return places;
})()`;

/**
 * The directory of a place in "memory": private to the process, and removed when it ends.
 *
 * @param name - threads of the process that give the same name share the place. Without a name, each call makes a place,
 * which is removed when its thread ends
 */
export function memoryPlace(name: string): string {
  const places = threadWide<Places>("memory-places/1", source);
  try {
    return name === "" ? ownPlace(places) : namedPlace(places, name);
  } catch (error) {
    throw argumentError(
      `The option local is ":memory:", which needs a private directory in "${os.tmpdir()}": ${(error as Error).message}. The variable TMPDIR names another.`,
    );
  }
}

function ownPlace(places: Places): string {
  places.own ??= within(places, (root) => fs.mkdtempSync(path.join(root, "thread-")));
  return fs.mkdtempSync(path.join(places.own, "place-"));
}

function namedPlace(places: Places, name: string): string {
  // A name may be longer than a file's, and differ in capitals only.
  return within(places, (root) => {
    const directory = path.join(root, `named-${digest(name, 32)}`);
    fs.mkdirSync(directory, { mode: 0o700, recursive: true });
    return directory;
  });
}

/** Makes a directory in that of the process, which another thread that ends may be removing. */
function within(places: Places, make: (root: string) => string): string {
  for (let turn = 1; ; turn += 1) {
    if (places.root === undefined) sweep();
    const root = (places.root ??= path.join(
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

// Its name can be foreseen, so somebody else may have made it.
function checkPrivate(root: string): void {
  const found = fs.lstatSync(root);
  const { getuid } = process;
  const isOurs = getuid === undefined || (found.uid === getuid() && (found.mode & 0o077) === 0);
  if (!found.isDirectory() || !isOurs) throw new Error(`"${root}" belongs to another user`);
}

/** Removes what processes have left that were killed. */
function sweep(): void {
  const ours = `${PREFIX}${machine()}-`;
  for (const name of fs.readdirSync(os.tmpdir())) {
    if (!name.startsWith(ours) || isAlive(Number.parseInt(name.slice(ours.length), 10))) continue;
    try {
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's.
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

/** Where process ids mean the same: a container and its host may share the temporary directory. */
function machine(): string {
  let namespace = "";
  try {
    namespace = fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    // Linux only.
  }
  return digest(`${os.hostname()} ${namespace}`, 8);
}

/** The same in all threads of the process, and different in a later one of the same id. */
function started(): string {
  try {
    const afterName = fs.readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /s, "");
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    // The 22nd field of proc_pid_stat(5), of which the first two are cut off.
    return digest(`${boot} ${afterName.split(" ")[19]!}`, 8);
  } catch {
    // Not Linux. The two readings are microseconds apart, and no process id comes again within 10 s.
    return String(Math.round((Number(process.hrtime.bigint()) / 1e9 - process.uptime()) / 10));
  }
}

function digest(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
