import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DATA_FILE, LOCK_FILE } from "./store-files.js";

// A flag of Linux, for which Node has no constant. Closing such a descriptor keeps the process's locks on the file.
const O_PATH = 0x200000;

/**
 * Keeps a directory open while its store is checked and opened, so that LMDB opens what was checked, even if the path
 * leads elsewhere by then. Works on Linux only, and only with /proc. Otherwise `inside` is always `path`.
 */
export class HeldDirectory {
  readonly path: string;
  /** Another path of the directory, or the path of a folder with links to its files. Valid until `release()`. */
  inside: string;
  readonly #descriptors: number[] = [];
  #links: string | undefined;

  constructor(directory: string) {
    this.path = directory;
    this.inside = directory;
    if (process.platform !== "linux") return;
    const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    this.#descriptors.push(descriptor);
    const held = `/proc/self/fd/${descriptor}`;
    // A container may have no /proc.
    if (existsSync(held)) this.inside = held;
  }

  /** Also keeps the two files open, because LMDB ends the process if it fails to open one that was removed. */
  holdFiles(): void {
    if (this.inside === this.path) return;
    this.#links = makeFolder();
    if (this.#links === undefined) return;
    for (const name of [DATA_FILE, LOCK_FILE]) {
      const descriptor = openSync(path.join(this.inside, name), O_PATH);
      this.#descriptors.push(descriptor);
      symlinkSync(`/proc/self/fd/${descriptor}`, path.join(this.#links, name));
    }
    if (canBeOpened(path.join(this.#links, DATA_FILE))) this.inside = this.#links;
  }

  release(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    if (this.#links !== undefined) rmSync(this.#links, { recursive: true, force: true });
  }
}

// A container may have no writable temporary folder.
function makeFolder(): string | undefined {
  try {
    return mkdtempSync(path.join(tmpdir(), "s3bucketmap-"));
  } catch {
    return undefined;
  }
}

// Some sandboxes that report Linux do not follow such links.
function canBeOpened(file: string): boolean {
  try {
    closeSync(openSync(file, "r+"));
    return true;
  } catch {
    return false;
  }
}
