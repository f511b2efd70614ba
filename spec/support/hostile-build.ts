import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { changeFile } from "./change-file.js";

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
  const hostile = JSON.stringify(path.join(__dirname, "hostile-worker.js"));
  appendFileSync(
    path.join(folder, "dist/worker.js"),
    `\n({ getObject, getObjectAlone } = require(${hostile}));`,
  );
  changeFile(
    path.join(folder, "dist/bridge.js"),
    "execArgv: [],",
    `execArgv: [], resourceLimits: { maxOldGenerationSizeMb: ${maxOldGenerationSizeMb} },`,
  );
  return {
    library: path.join(folder, "dist/index.js"),
    folder,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
