import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { checkOrdinary, fileError } from "./file-errors.js";

/**
 * The target of a download. It is written to a temporary file beside the target, which replaces the target once it is
 * complete. When the signal aborts, the temporary file is removed at once, before the call ends.
 */
export class TargetFile {
  readonly #target: string;
  readonly #temporary: string;
  readonly #handle: fs.promises.FileHandle;
  readonly #signal: AbortSignal;
  readonly #remove: () => void;

  private constructor(
    target: string,
    temporary: string,
    handle: fs.promises.FileHandle,
    { signal, remove }: { signal: AbortSignal; remove: () => void },
  ) {
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#signal = signal;
    this.#remove = remove;
  }

  /**
   * Creates an empty temporary file. If the target exists, the new file gets its mode and, if permitted, its owner.
   *
   * @throws OperationError `FileNotWritten` if the target cannot be written
   */
  static async create(given: string, signal: AbortSignal): Promise<TargetFile> {
    let handle: fs.promises.FileHandle | undefined;
    let remove: (() => void) | undefined;
    try {
      const target = await followed(given);
      const old = await existing(target);
      const temporary = nameBeside(target);
      signal.throwIfAborted();
      remove = makeEmpty(temporary, old === undefined ? undefined : 0o600, signal);
      handle = await fs.promises.open(temporary, "r+");
      const file = new TargetFile(target, temporary, handle, { signal, remove });
      if (old !== undefined) await keepOwner(handle, old);
      return file;
    } catch (error) {
      remove?.();
      await handle?.close();
      if (signal.aborted) throw signal.reason;
      throw fileError("FileNotWritten", given, error);
    }
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let written: number;
    try {
      ({ bytesWritten: written } = await this.#handle.writev(chunks, position));
    } catch (error) {
      throw fileError("FileNotWritten", this.#target, error);
    }
    // The system may write fewer bytes than requested.
    const rest = chunks.reduce((sum, chunk) => sum + chunk.length, -written);
    if (rest > 0) await this.write([Buffer.concat(chunks).subarray(written)], position + written);
  }

  /** Drops everything that was written. */
  async empty(): Promise<void> {
    await this.#handle.truncate(0);
  }

  /** Reads what was written, from the beginning. */
  read(): fs.ReadStream {
    return fs.createReadStream(this.#temporary);
  }

  /** Replaces the target with the temporary file. */
  replace(): void {
    this.#signal.throwIfAborted();
    try {
      fs.renameSync(this.#temporary, this.#target);
    } catch (error) {
      throw fileError("FileNotWritten", this.#target, error);
    }
    this.#signal.removeEventListener("abort", this.#remove);
  }

  /** Closes the temporary file, and removes it unless it has replaced the target. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#remove);
    this.#remove();
    await this.#handle.close();
  }
}

/**
 * Creates the temporary file synchronously. If it were created asynchronously, a call that was cancelled in the
 * meantime could not remove it. When the signal aborts, the file is removed.
 *
 * @returns a function that removes the file
 */
function makeEmpty(temporary: string, mode: number | undefined, signal: AbortSignal): () => void {
  try {
    fs.closeSync(fs.openSync(temporary, "wx", mode));
  } catch (error) {
    throw fileError("FileNotWritten", path.dirname(temporary), error);
  }
  const remove = (): void => fs.rmSync(temporary, { force: true });
  signal.addEventListener("abort", remove, { once: true });
  return remove;
}

/** The file that a symbolic link leads to. The link itself stays, as if a program had written to it. */
async function followed(target: string): Promise<string> {
  try {
    return await fs.promises.realpath(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const isLink = await fs.promises.lstat(target).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (isLink) throw new Error("it is a symbolic link to a file that does not exist", { cause: error });
    return target;
  }
}

async function existing(target: string): Promise<fs.Stats | undefined> {
  let stats: fs.Stats;
  try {
    stats = await fs.promises.stat(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  checkOrdinary("FileNotWritten", target, stats);
  // Replacing a file by renaming requires no permission to write the file itself, so it is checked here.
  await fs.promises.access(target, fs.constants.W_OK);
  return stats;
}

function nameBeside(target: string): string {
  return path.join(path.dirname(target), `.s3bucketmap-${randomBytes(9).toString("base64url")}.tmp`);
}

async function keepOwner(handle: fs.promises.FileHandle, { uid, gid, mode }: fs.Stats): Promise<void> {
  const now = await handle.stat();
  // Only root may change the owner of a file. The mode is the old one in any case, so it permits no more than before.
  if (now.uid !== uid || now.gid !== gid) await handle.chown(uid, gid).catch(() => {});
  // Unlike the mode of a new file, this mode is not limited by the umask.
  await handle.chmod(mode & 0o777);
}
