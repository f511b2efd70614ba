import { closeSync, constants, existsSync, openSync } from "node:fs";

/**
 * Keeps a directory open, so that what is checked in it is what is opened in it, even if its path leads elsewhere
 * meanwhile. On Linux only: elsewhere `inside` is the path itself.
 */
export class HeldDirectory {
  readonly path: string;
  /** Leads to it until `release()`. */
  readonly inside: string;
  private readonly descriptor: number | undefined;

  constructor(path: string) {
    this.path = path;
    this.inside = path;
    if (process.platform !== "linux") return;
    this.descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const held = `/proc/self/fd/${this.descriptor}`;
    // A container may do without /proc.
    if (existsSync(held)) this.inside = held;
  }

  release(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
  }
}
