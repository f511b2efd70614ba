import { readFileSync, writeFileSync } from "node:fs";

/** Puts another text in the place of one in a file, as of a copy of the build. Throws where there is none, or more than one. */
export function changeFile(file: string, text: string, other: string): void {
  const parts = readFileSync(file, "utf8").split(text);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${text}`);
  writeFileSync(file, parts.join(other));
}
