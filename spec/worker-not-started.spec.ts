import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

jest.setTimeout(120_000);

const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

function preload(name: string, inThreads: string): Record<string, string> {
  const file = path.join(folder, `${name}.js`);
  writeFileSync(file, `if (!require("node:worker_threads").isMainThread) { ${inThreads} }`);
  return { NODE_OPTIONS: `--require ${file}` };
}

const removeCwd = `
  const gone = fs.mkdtempSync(${JSON.stringify(`${folder}/`)});
  process.chdir(gone);
  fs.rmdirSync(gone);`;

const newMap = (wait: string): string => `
      const map = new S3BucketMap("bucket", {
        endpoint: "http://127.0.0.1:9",
        region: "x",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        wait: "${wait}",
      });`;

describe.each(["atomics", "deasync"])("a worker that does not get to its first line, wait: %s", (wait) => {
  it.each([
    ["a module for all threads throws", "", preload("throws", 'throw new Error("not in threads")'), 10_000],
    ["a module for all threads exits", "", preload("exits", "process.exit(0)"), 10_000],
    ["the working directory was removed", removeCwd, {}, 10_000],
    ["a module for all threads does not end", "", preload("endless", "for (;;);"), 40_000],
  ])("is reported as WorkerNotStarted, with what to do: %s", (_name, setUp, env, withinMs) => {
    const program = `
      const fs = require("node:fs");
      const { S3BucketMap } = require(${library});
      ${setUp}
      ${newMap(wait)}
      const start = performance.now();
      try {
        map.set("k", "v");
      } catch ({ code, message }) {
        console.log(JSON.stringify({ code, message, ms: performance.now() - start }));
      }`;
    const { stdout, status } = spawnSync(process.execPath, ["-e", program], {
      encoding: "utf8",
      env: { ...process.env, ...env },
      timeout: 60_000,
    });
    expect(status).toBe(0);
    const { code, message, ms } = JSON.parse(stdout) as { code: string; message: string; ms: number };
    expect(code).toBe("WorkerNotStarted");
    expect(message).toMatch(/NODE_OPTIONS.*working directory/);
    expect(message).not.toMatch(/may still have happened/);
    expect(ms).toBeLessThan(withinMs);
  });
});

describe.each(["atomics", "deasync"])("a worker's file that cannot be read, wait: %s", (wait) => {
  // Windows has no ulimit.
  const onPosix = process.platform === "win32" ? it.skip : it;
  onPosix("is reported with what to do: too many files are open", () => {
    const program = `
      const fs = require("node:fs");
      const { S3BucketMap } = require(${library});
      ${newMap(wait)}
      const open = [];
      let found;
      try {
        for (;;) open.push(fs.openSync("/dev/null"));
      } catch {}
      // One is left for the code that the calling thread loads.
      fs.closeSync(open.pop());
      try {
        map.get("k");
      } catch (error) {
        found = error;
      }
      for (const file of open) fs.closeSync(file);
      console.log(JSON.stringify({ code: found.code, message: found.message, cause: found.cause.message }));`;
    const { stdout } = spawnSync("sh", ["-c", 'ulimit -n 60; exec "$0" -e "$1"', process.execPath, program], {
      encoding: "utf8",
      timeout: 60_000,
    });
    const { code, message, cause } = JSON.parse(stdout) as Record<"code" | "message" | "cause", string>;
    expect(code).toBe("WorkerNotStarted");
    expect(cause).toMatch(/^EMFILE/);
    expect(message).toContain(
      "The process has too many open files: close some, or raise the limit (ulimit -n).",
    );
    expect(message).not.toMatch(/Install|NODE_OPTIONS/);
  });
});
