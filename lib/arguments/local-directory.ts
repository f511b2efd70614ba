import path from "node:path";
import { argumentError } from "../errors/errors.js";

/** The directory of a local S3. */
export interface LocalDirectory {
  readonly directory: string;
  /** The setting that names it. */
  readonly from: "option local" | "S3BUCKETMAP_LOCAL";
  /** What is shown instead of the directory, if that is temporary. */
  readonly memory?: string;
}

/** The directory that the option local names, or otherwise the environment. */
export function localDirectory({
  local,
  endpoint,
}: {
  local?: string;
  endpoint?: string;
}): LocalDirectory | undefined {
  if (local !== undefined) return { ...located(local, "The option local"), from: "option local" };
  const fromEnvironment = process.env["S3BUCKETMAP_LOCAL"];
  if (fromEnvironment === undefined || fromEnvironment === "") return undefined;
  if (endpoint !== undefined) {
    throw argumentError(
      `The environment has S3BUCKETMAP_LOCAL=${fromEnvironment}, but the option endpoint is ${endpoint}. ` +
        `Unset the variable or leave out the option, so that it is clear where to write.`,
    );
  }
  if (fromEnvironment === MEMORY) {
    throw argumentError(
      `S3BUCKETMAP_LOCAL=${MEMORY} would create a separate store for each map. Set S3BUCKETMAP_LOCAL=${MEMORY}name, so that the maps of a process share a store.`,
    );
  }
  return { ...located(fromEnvironment, "S3BUCKETMAP_LOCAL"), from: "S3BUCKETMAP_LOCAL" };
}

/** The beginning of each name of a temporary directory. On its own, it names a directory of the map alone. */
export const MEMORY = ":memory:";

function located(local: string, name: string): Pick<LocalDirectory, "directory" | "memory"> {
  if (local.startsWith(MEMORY)) {
    if (!local.isWellFormed()) throw argumentError(`${name} contains a lone surrogate.`);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for every map
    const module = require("../global/memory-directory.js") as typeof import("../global/memory-directory.js");
    return { directory: module.memoryDirectory(local.slice(MEMORY.length)), memory: local };
  }
  if (/^:mem/i.test(local)) {
    throw argumentError(
      `${name} is "${local}": did you mean "${MEMORY}" or "${MEMORY}name"? A directory of that name is "./${local}".`,
    );
  }
  return { directory: absolute(local, name) };
}

function absolute(directory: string, name: string): string {
  if (directory.includes("\0"))
    throw argumentError(`${name} contains a NUL character, which is not allowed in a path.`);
  try {
    return path.resolve(directory);
  } catch {
    throw argumentError(
      `${name} is the relative path "${directory}", but the working directory no longer exists. Use an absolute path.`,
    );
  }
}
