import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-nested-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(what: string, env: Record<string, string> = {}): Promise<unknown> {
  const library = path.join(__dirname, "../dist/index.js");
  const child = spawn(process.execPath, [path.join(__dirname, "fixtures/nested-calls.js"), library, what], {
    env: {
      ...process.env,
      ...(env["SLOW_ENDPOINT"] === undefined ? { S3BUCKETMAP_LOCAL: folder } : {}),
      ...env,
    },
    timeout: 60_000,
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  expect({ status, stderr: output.stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(output.stdout);
}

describe("calls from timers that run during a deasync wait", () => {
  it("get their own replies, a thousand of them up to 60 deep", async () => {
    const seen = (await run("thousand")) as { deepest: number };
    expect(seen).toMatchObject({ calls: 1000, wrong: 0, keys: 1000 });
    expect(seen.deepest).toBeGreaterThan(5);
    expect(seen.deepest).toBeLessThanOrEqual(60);
  }, 60_000);

  it("write one key in the order of the program", async () => {
    expect(await run("order")).toEqual({ wrong: [], someWereNested: true });
  }, 60_000);

  it("are refused from the 65th level on, and the outer ones go on", async () => {
    expect(await run("tooDeep")).toEqual({
      code: "TooManyNestedCalls",
      name: "S3BucketMapError",
      deepest: 65,
      after: "undefined",
    });
  }, 60_000);

  it("come in time, however quick the calls are", async () => {
    expect(await run("quick")).toEqual({ fired: true });
  }, 60_000);

  it("leave other timers to go on, those of the endpoint that answers them too", async () => {
    // Each waits in the callback of the one before. Where nothing but the wait's own look every 500 ms let timers go
    // on, the first would have no answer in its time.
    expect(await run("timers")).toEqual(Array.from({ length: 6 }, () => "1"));
  }, 60_000);

  it("do not make the event loop spin", async () => {
    const server = await startHttpS3({ latencyMs: 300 });
    try {
      const { turns, ticks } = (await run("turns", { SLOW_ENDPOINT: server.endpoint })) as {
        turns: number;
        ticks: number;
      };
      // It turns for each tick of the program's timer and a few times more, not millions of times.
      expect(ticks).toBeGreaterThan(3);
      expect(turns).toBeLessThan(ticks * 4 + 50);
    } finally {
      await server.close();
    }
  }, 60_000);
});
