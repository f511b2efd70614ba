import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** A server in a process of its own, of a kind that `fixtures/silent-servers.js` names. */
export async function startSilentServer(...parameters: string[]): Promise<{ port: number; stop(): void }> {
  const child = spawn(
    process.execPath,
    [path.join(__dirname, "../fixtures/silent-servers.js"), ...parameters],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return { port: Number(chunk), stop: () => child.kill("SIGKILL") };
}
