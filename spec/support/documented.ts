import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "../..");

/** The JavaScript examples of a page of docs/, in order. */
export function examplesIn(page: string): string[] {
  const text = readFileSync(path.join(root, "docs", page), "utf8");
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code!);
}

/** Runs an example as a program of its own, and gives what it prints. */
export function runDocumented(code: string, environment: NodeJS.ProcessEnv): string {
  const env = { PATH: process.env["PATH"], NODE_NO_WARNINGS: "1", ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", code], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
