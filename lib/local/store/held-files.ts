import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HeldDirectory } from "./held-directory.js";
import { DATA_FILE, LOCK_FILE } from "./place.js";

// Of Linux; Node has no name for it. To close a file that was opened so leaves alone what locks the process has on it.
const O_PATH = 0x200000;

/**
 * Keeps a store's two files, so that they can be opened even if they are removed meanwhile: where LMDB fails to open one,
 * it ends the process. On Linux only: elsewhere `inside` is the directory.
 */
export class HeldFiles {
  /** Leads to them until `release()`. */
  readonly inside: string;
  readonly #descriptors: number[] = [];
  readonly #links: string | undefined;

  constructor(directory: HeldDirectory) {
    this.inside = directory.inside;
    if (directory.inside === directory.path) return;
    this.#links = makeFolder();
    if (this.#links === undefined) return;
    try {
      for (const name of [DATA_FILE, LOCK_FILE]) {
        const file = openSync(path.join(directory.inside, name), O_PATH);
        this.#descriptors.push(file);
        symlinkSync(`/proc/self/fd/${file}`, path.join(this.#links, name));
      }
      if (canBeOpened(path.join(this.#links, DATA_FILE))) this.inside = this.#links;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    for (const file of this.#descriptors) closeSync(file);
    if (this.#links !== undefined) rmSync(this.#links, { recursive: true, force: true });
  }
}

// A container may have no folder that can be written to.
function makeFolder(): string | undefined {
  try {
    return mkdtempSync(path.join(tmpdir(), "s3bucketmap-"));
  } catch {
    return undefined;
  }
}

// Not every sandbox that looks like Linux leads on from there.
function canBeOpened(file: string): boolean {
  try {
    closeSync(openSync(file, "r+"));
    return true;
  } catch {
    return false;
  }
}
