import { cpSync, mkdtempSync, rmSync, symlinkSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.join(__dirname, "../..");

/** A copy of the built library with a worker that does harm, for a key that names it. */
export interface HostileBuild {
  /** What to `require`. */
  library: string;
  folder: string;
  remove(): void;
}

/** @param maxOldGenerationSizeMb - the worker's heap, so that it can be exhausted soon */
export function hostileBuild(maxOldGenerationSizeMb = 64): HostileBuild {
  const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-hostile-"));
  cpSync(path.join(root, "dist"), path.join(folder, "dist"), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  cpSync(
    path.join(__dirname, "hostile-worker.js"),
    path.join(folder, "dist/worker/s3/operations/get-object.js"),
  );
  // The files themselves, in place of the bundle of them.
  writeFileSync(path.join(folder, "dist/worker.js"), 'require("./worker/main.js");');
  const starter = path.join(folder, "dist/first-call.js");
  const source = readFileSync(starter, "utf8");
  const limited = source.replace(
    "execArgv: [],",
    `execArgv: [], resourceLimits: { maxOldGenerationSizeMb: ${maxOldGenerationSizeMb} },`,
  );
  if (limited === source) throw new Error("no place was found for the worker's resourceLimits");
  writeFileSync(starter, limited);
  return {
    library: path.join(folder, "dist/index.js"),
    folder,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
