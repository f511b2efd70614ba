import fs from "node:fs";
import type { Finding } from "../../../bridge/protocol.js";
import type { Given } from "./remote.js";

/** Where a local S3 is. Read-only, nothing is asked where that would make one. */
export function localSettings(directory: string, readOnly: boolean): Given {
  const line: Finding = { name: "directory", status: "ok", text: directory };
  const lines = (): Promise<Finding[]> => Promise.resolve([line]);
  if (!readOnly || hasStore(directory)) return { lines };
  line.text = `${directory}: has no store yet, and the first call makes one`;
  return { lines, isOver: "there is nothing to read" };
}

// Where it cannot be looked at, the first request says why.
function hasStore(directory: string): boolean {
  try {
    return fs.readdirSync(directory).length > 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
