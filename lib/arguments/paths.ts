import path from "node:path";
import { fileURLToPath } from "node:url";
import { argumentError } from "../errors/errors.js";
import { checkAreOptions } from "./checks.js";
import { kindOf } from "./kinds.js";

/**
 * The absolute path of a file. A relative path is resolved now, because the program may change its working directory
 * later.
 */
export function checkFilePath(given: unknown, of: "putFile" | "getFile"): string {
  const file = given instanceof URL ? pathOf(given, of) : given;
  if (typeof file !== "string")
    throw argumentError(`The path of ${of} must be a string or a file: URL, not ${kindOf(given)}.`);
  if (file === "") throw argumentError(`The path of ${of} is empty.`);
  if (file.includes("\0"))
    throw argumentError(`The path of ${of} contains a NUL character, which is not allowed in a path.`);
  if (/[/\\]$/.test(path.sep === "/" ? file.replaceAll("\\", "_") : file))
    throw argumentError(`The path of ${of} must be that of a file, but "${file}" is that of a directory.`);
  try {
    return path.resolve(file);
  } catch {
    throw argumentError(
      `The path of ${of} is the relative path "${file}", but the working directory no longer exists. Use an absolute path.`,
    );
  }
}

function pathOf(url: URL, of: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw argumentError(`The URL of ${of}, ${url.href}, does not name a file: ${(error as Error).message}.`);
  }
}

/** `getFile` has no options yet. If it ignored an option, the program could rely on it in vain. */
export function checkNoFileOptions(options: unknown): void {
  if (options === undefined) return;
  checkAreOptions(options, "getFile");
  const [name] = Object.keys(options);
  if (name !== undefined) throw argumentError(`There is no option "${name}" of getFile, which accepts none.`);
}
