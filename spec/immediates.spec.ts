import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// Node calls all callbacks of setImmediate that are due in one go, and does not expect its event loop to turn meanwhile.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-immediates-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(what: string): Promise<unknown> {
  const library = path.join(__dirname, "../dist/index.js");
  const child = spawn(process.execPath, [path.join(__dirname, "fixtures/immediates.js"), library, what], {
    env: { ...process.env, S3BUCKETMAP_LOCAL: folder },
    timeout: 60_000,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  expect({ status, signal, stderr: output.stderr }).toEqual({ status: 0, signal: null, stderr: "" });
  return JSON.parse(output.stdout);
}

describe("calls by deasync from several callbacks of setImmediate that are due at once", () => {
  const numbers = [0, 1, 2, 3, 4];
  it.each([
    ["callbacks", numbers],
    ["microtasks", numbers],
    ["ticks", numbers],
    ["others", [...numbers, ...numbers.map((n) => n + 100), ...numbers.map((n) => n + 200)]],
  ])(
    "are all answered: from %s",
    async (what, expected) => {
      expect(await run(what)).toEqual(expected.map((number) => `value ${number}`).sort());
    },
    90_000,
  );

  it("are answered beside some that are cleared", async () => {
    expect(await run("some that are cleared")).toEqual(
      expect.arrayContaining(numbers.map((number) => `value ${number}`)),
    );
  }, 90_000);
});
