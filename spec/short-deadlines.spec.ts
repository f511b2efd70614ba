import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

let folder: string;
let server: HttpS3;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-short-"));
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Credentials that only the SDK can get: a program prints them. */
function configuration(): string {
  const script = path.join(folder, "credentials.js");
  const config = path.join(folder, "config");
  const credentials = { Version: 1, AccessKeyId: "short", SecretAccessKey: "secret" };
  writeFileSync(script, `console.log(${JSON.stringify(JSON.stringify(credentials))})`);
  writeFileSync(config, `[default]\ncredential_process = ${process.execPath} ${script}\n`);
  return config;
}

describe.each(["atomics", "deasync"])("a deadline shorter than the SDK takes to load, wait: %s", (wait) => {
  it("is kept by each call, and one of the next finds the SDK loaded", () => {
    const fixture = path.join(__dirname, "fixtures/short-deadline.js");
    const library = path.join(__dirname, "../dist/index.js");
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
    const { stdout, stderr } = spawnSync(process.execPath, [fixture, library, server.endpoint, wait], {
      encoding: "utf8",
      env: { ...Object.fromEntries(others), AWS_CONFIG_FILE: configuration() },
      timeout: 120_000,
    });
    expect(stderr).toBe("");
    const { isDone, failures } = JSON.parse(stdout) as { isDone: boolean; failures: string[] };
    expect(isDone).toBe(true);
    for (const message of failures) expect(message).toContain("Timed out after 200 ms");
  }, 150_000);
});
