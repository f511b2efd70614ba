import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fileOfCaller } from "./copies/stack-frames.js";

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

/** The file of this code: the bundle's, if it is bundled; the program's, if it was evaluated and is in no file. */
export function fileOfCode(): string {
  const found = fileOfCaller() ?? "";
  if (found.startsWith("file:")) return fileURLToPath(found);
  return path.isAbsolute(found) ? found : path.resolve(process.argv[1] ?? "bundle.js");
}
