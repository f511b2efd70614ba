import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// Each Jest file loads the library in a realm of its own.
describe("20 Jest files in one process", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-realms-"));
    const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
    for (let file = 0; file < 20; file += 1) {
      writeFileSync(
        path.join(folder, `file-${file}.test.js`),
        `const { s3Bucket } = require(${library});
         it.each(["atomics", "deasync"])("stores with %s", (wait) => {
           const bucket = s3Bucket("bucket", { local: ${JSON.stringify(path.join(folder, "s3"))}, wait });
           bucket["key ${file}"] = wait;
           expect(bucket["key ${file}"]).toBe(wait);
           expect(Object.keys(bucket)).toContain("key ${file}");
         });`,
      );
    }
    writeFileSync(
      path.join(folder, "count-threads.js"),
      `const threads = () => process.report.getReport().workers.length;
       module.exports = async () => {
         const atEnd = threads();
         // Garbage is collected when the engine likes; here it must be, and the thread must then be gone.
         for (let turn = 0; turn < 100 && threads() > 0; turn += 1) {
           gc();
           await new Promise((resolve) => setTimeout(resolve, 20));
         }
         require("node:fs").writeSync(1, JSON.stringify({ atEnd, asGarbage: threads() }));
       };`,
    );
    writeFileSync(
      path.join(folder, "jest.config.js"),
      `module.exports = { rootDir: ${JSON.stringify(folder)}, globalTeardown: "./count-threads.js" };`,
    );
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("share one bridge thread, which ends when they are garbage", () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--expose-gc", require.resolve("jest/bin/jest"), "--runInBand", "--config", "jest.config.js"],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stderr).toContain("Tests:       40 passed, 40 total");
    const { atEnd, asGarbage } = JSON.parse(stdout) as { atEnd: number; asGarbage: number };
    expect(atEnd).toBeLessThanOrEqual(2);
    expect(asGarbage).toBe(0);
    expect(status).toBe(0);
  }, 120_000);
});
