import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// On Node 20 and 22, an AsyncLocalStorage makes every promise of its thread slower, from the first time it runs.

jest.setTimeout(60_000);

const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-async-storage-"));
let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

/** What the worker thread of a program does with AsyncLocalStorages. */
async function runsBy(uses: string): Promise<string[]> {
  const file = path.join(folder, "runs");
  writeFileSync(file, "");
  const settings = JSON.stringify({
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  });
  const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
  const source = `const { S3BucketMap } = require(${library}); const map = new S3BucketMap("bucket", ${settings}); ${uses}`;
  const hook = path.join(__dirname, "support/async-storage.js");
  const child = spawn(process.execPath, ["-e", source], {
    env: { ...process.env, NODE_OPTIONS: `--require ${hook}`, ASYNC_STORAGE: file },
    stdio: "inherit",
  });
  expect(await once(child, "close")).toEqual([0, null]);
  const [first, ...runs] = readFileSync(file, "utf8").split("\n").slice(0, -1);
  // The hook sees the worker thread.
  expect(first).toBe("worker");
  return runs;
}

it("is not used by a program whose requests are all sent without the SDK", async () => {
  const uses = [
    'map.set("key", "1"); map.get("key"); map.has("key"); map.head("key"); [...map.keys()]',
    'map.setMany([["a", "2"], ["b", "3"]]); map.getMany(["a", "b"]); for (const _ of map) { /* read ahead */ }',
    'map.copy("key", "copy"); map.delete("key"); map.get("key")',
  ];
  expect(await runsBy(uses.join("; "))).toEqual([]);
});

it("is used where the SDK sends", async () => {
  expect(await runsBy('map.update("key", () => "1")')).toContain("run");
});
