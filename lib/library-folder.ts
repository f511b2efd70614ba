import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ownFile } from "./global/stack-frames.js";

// This file stays at the top of lib/: the build makes it part of dist/calling-thread.js, and what it says is said of dist/.

// An ES module has neither name, and a bundler may have put another text in its place.
const file: string = typeof __filename === "string" ? __filename : "";

/** Where the library lies, unless it is bundled. */
export const libraryFolder: string = typeof __dirname === "string" ? __dirname : "";

/** What the worker thread runs, unless the library is bundled. Literally so: tools that collect files look for it. */
export const workerFile: string = typeof __dirname === "string" ? path.join(__dirname, "worker.js") : "";

let bundled: boolean | undefined;

/** Whether a bundler has made the library part of another file. */
export function isBundled(): boolean {
  return (bundled ??=
    !/^(calling-thread\.js|library-folder\.ts)$/.test(path.basename(file)) || !fs.existsSync(file));
}

/** The file of this code, which is the bundle if it is bundled. Undefined if the code was evaluated and the file is unknown. */
export function fileOfCode(): string | undefined {
  const found = ownFile() ?? "";
  if (found.startsWith("file:")) return fileURLToPath(found);
  if (path.isAbsolute(found)) return found;
  // A development bundle of webpack evaluates each module under a made-up name, and in it `__filename` is the bundle.
  return path.isAbsolute(file) && fs.existsSync(file) ? file : undefined;
}

/** Where to look for what belongs to this code: its file, or else a file in the main script's folder. */
export function whereToLook(): string {
  return fileOfCode() ?? path.resolve(process.argv[1] ?? "bundle.js");
}
