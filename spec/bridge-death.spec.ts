import { spawnSync } from "node:child_process";
import path from "node:path";
import { hostileBuild } from "./support/hostile-build.js";
import type { HostileBuild } from "./support/hostile-build.js";
import { sized } from "./support/size.js";

// More by hand: KILLS=100 npx jest spec/bridge-death
const kills = Number(process.env["KILLS"] ?? sized(2, 5));

let build: HostileBuild;
beforeAll(() => {
  build = hostileBuild();
});
afterAll(() => {
  build.remove();
});

interface Outcome {
  error: { name: string; code: string; message: string; afterMs: number };
  next: string;
  threads: number;
}

/** Kills the worker in a program of its own, as often as told, and says what each time the call and the next one gave. */
function kill(how: string, wait: string, times = 1): { outcomes: Outcome[]; descriptors: number[] } {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [path.join(__dirname, "fixtures/kill-worker.js"), build.library, how, wait, String(times)],
    {
      encoding: "utf8",
      env: { ...process.env, S3BUCKETMAP_LOCAL: path.join(build.folder, "s3") },
      timeout: 600_000,
    },
  );
  expect({ status, stderr: stderr.replace(/^\s*$/gm, "") }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as { outcomes: Outcome[]; descriptors: number[] };
}

describe.each(["atomics", "deasync"])("a worker that dies during a call, wait: %s", (wait) => {
  it.each([
    ["exit", "WorkerDied", "Cannot read"],
    ["throw", "WorkerDied", "thrown in the worker"],
    ["rejection", "WorkerDied", "rejected in the worker"],
    ["heap", "WorkerDied", "Cannot read"],
    ["loop", "TimedOut", "the worker thread did not answer"],
  ])("by %s: the call ends with %s, and the next one is served", (how, code, message) => {
    const { outcomes } = kill(how, wait);
    expect(outcomes).toEqual([
      {
        error: expect.objectContaining({
          code,
          message: expect.stringContaining(message) as string,
        }) as Outcome["error"],
        next: "value of alive",
        threads: 1,
      },
    ]);
    // The call's deadline: a second for the endless loop, the default of 5 minutes for the others.
    expect(outcomes[0]!.error.afterMs).toBeLessThan(5000);
  });

  it.each(["exit", "throw", "rejection", "heap", "loop"])(
    "by %s leaves no thread and no descriptor behind, however often",
    (how) => {
      const { outcomes, descriptors } = kill(how, wait, kills);
      const code = how === "loop" ? "TimedOut" : "WorkerDied";
      expect(outcomes.map(({ error, next, threads }) => [error.code, next, threads])).toEqual(
        Array.from({ length: kills }, () => [code, "value of alive", 1]),
      );
      expect(descriptors.at(-1)).toBe(descriptors[0]);
    },
    600_000,
  );
});

describe("a worker that is only busy", () => {
  it.each(["atomics", "deasync"])("for 10 s is not taken for dead, wait: %s", (wait) => {
    const { outcomes } = kill("busy", wait);
    expect(outcomes).toMatchObject([{ error: { code: "none" }, next: "value of alive", threads: 1 }]);
  });
});
