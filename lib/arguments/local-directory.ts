import path from "node:path";
import { argumentError } from "../errors/errors.js";

/** The directory of a local S3. */
export interface LocalDirectory {
  readonly directory: string;
  /** What named it. */
  readonly from: "option local" | "S3BUCKETMAP_LOCAL";
  /** Its name, if it is temporary. */
  readonly memory?: string;
}

/** What the option local, or else the environment, names. */
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
      `The environment has S3BUCKETMAP_LOCAL=${fromEnvironment} and the option endpoint is ${endpoint}: ` +
        `unset the one or leave out the other, so that it is clear where to write.`,
    );
  }
  if (fromEnvironment === MEMORY) {
    throw argumentError(
      `S3BUCKETMAP_LOCAL=${MEMORY} would give each map a place of its own: say S3BUCKETMAP_LOCAL=${MEMORY}name, so that the maps of a process share one.`,
    );
  }
  return { ...located(fromEnvironment, "S3BUCKETMAP_LOCAL"), from: "S3BUCKETMAP_LOCAL" };
}

/** How the name of a temporary directory begins, and the whole name of a map's own. */
export const MEMORY = ":memory:";

function located(local: string, name: string): Pick<LocalDirectory, "directory" | "memory"> {
  if (local.startsWith(MEMORY)) {
    if (!local.isWellFormed()) throw argumentError(`${name} has a lone surrogate in it.`);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for every map
    const places = require("../copies/memory-places.js") as typeof import("../copies/memory-places.js");
    return { directory: places.memoryPlace(local.slice(MEMORY.length)), memory: local };
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
    throw argumentError(`${name} has a NUL character in it, which no path can have.`);
  try {
    return path.resolve(directory);
  } catch {
    throw argumentError(
      `${name} is "${directory}", and the working directory that it is relative to is gone: give an absolute path.`,
    );
  }
}
