import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { writeBundle } from "./support/mini-bundle.js";

const root = path.join(__dirname, "..");
const worker = path.join(root, "dist/worker.js");

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "bundled-spec-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Seen {
  value?: string;
  code?: string;
  message?: string;
  stack?: string;
  cause?: string;
}

/** Bundles a program that makes a call, and runs it. */
function run(
  wait: string,
  how: { name?: string; around?: string; env?: Record<string, string>; use?: string } = {},
): Seen {
  const options = {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    createBucket: true,
    wait,
  };
  const program = `
    const { s3Bucket, S3BucketMap } = require("index.js");
    function usersLine() {
      const bucket = s3Bucket("bucket", ${JSON.stringify(options)});
      ${how.use ?? 'bucket.k = "here";'}
      return bucket.k;
    }
    try {
      console.log(JSON.stringify({ value: usersLine() }));
    } catch ({ code, message, stack, cause }) {
      console.log(JSON.stringify({ code, message, stack, cause: cause?.message }));
    }`;
  const file = path.join(folder, how.name ?? "app.js");
  writeBundle(file, program, how.around);
  const { stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: "utf8",
    env: { ...process.env, NODE_PATH: path.join(root, "node_modules"), ...how.env },
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Seen;
}

describe.each(["atomics", "deasync"])("the library in a bundle, wait: %s", (wait) => {
  it.each(["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"])("runs the worker beside it: %s", (name) => {
    copyFileSync(worker, path.join(folder, name));
    expect(run(wait)).toEqual({ value: "here" });
  });

  it("runs the worker of the package where it is installed", () => {
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(root, path.join(folder, "node_modules/s3bucketmap"));
    expect(run(wait)).toEqual({ value: "here" });
  });

  it("says what to write where there is neither, and sends nothing", () => {
    server.reset();
    const { code, message } = run(wait);
    expect(code).toBe("WorkerNotStarted");
    expect(message).toContain(`a bundler has included s3bucketmap in ${path.join(folder, "app.js")}`);
    expect(message).toContain("(--external:s3bucketmap for esbuild, external: [/^s3bucketmap/] for rollup");
    expect(message).toContain(
      "npx esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node " +
        `--out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`,
    );
    expect(message).not.toMatch(/NODE_OPTIONS|may still have happened/);
    expect(server.counts().total).toBe(0);
  });

  it.each([
    ["empty", "", /is empty$/],
    ["cut off", "if (true) {", /^Unexpected end of input$/],
    [
      "an ES module that cannot load",
      'import fs from "node:fs";\nmissing();',
      /^Cannot use import statement outside a module$/,
    ],
  ])("says that the worker's file is %s, and what builds it", (_name, text, cause) => {
    const file = path.join(folder, "s3bucketmap-worker.cjs");
    writeFileSync(file, text);
    // Node warns of an ES module in a CommonJS file.
    const seen = run(wait, { env: { NODE_NO_WARNINGS: "1" } });
    expect(seen.code).toBe("WorkerNotStarted");
    expect(seen.message).toContain(`WorkerNotStarted: the worker's file ${file} `);
    expect(seen.message).toContain(
      "Build it alone: npx esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node " +
        `--out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`,
    );
    expect(seen.message).not.toContain("NODE_OPTIONS");
    expect(seen.cause).toMatch(cause);
  });

  it("says that the worker was built as an ES module, which would run up to a point", () => {
    const file = path.join(folder, "s3bucketmap-worker.js");
    writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
    // As esbuild --format=esm has it, with a banner that defines `require`.
    const head =
      'import { createRequire } from "node:module"; const require = createRequire(import.meta.url), module = { exports: {} }, { exports } = module;\n';
    writeFileSync(file, head + readFileSync(worker, "utf8"));
    const { code, message } = run(wait, { name: "app.cjs" });
    expect(code).toBe("WorkerNotStarted");
    expect(message).toContain(`the worker's file ${file} is an ES module, but must be CommonJS. Build it`);
  });

  it("says how to name a CommonJS worker that is taken for an ES module", () => {
    const file = path.join(folder, "s3bucketmap-worker.js");
    const manifest = path.join(folder, "package.json");
    writeFileSync(manifest, '{ "type": "module" }');
    copyFileSync(worker, file);
    const { code, message, cause } = run(wait, { name: "app.cjs" });
    expect(code).toBe("WorkerNotStarted");
    const why = `the worker's file ${file} is CommonJS, but Node runs it as an ES module, because ${manifest} has "type": "module"`;
    expect(message).toContain(`${why}. Name it s3bucketmap-worker.cjs.`);
    expect(cause).toBe(why);
  });

  it.each([
    ["Next.js", "", { NEXT_RUNTIME: "nodejs" }, 'serverExternalPackages: ["s3bucketmap"]'],
    ["webpack", "function __webpack_require__() {}", {}, 'externalsType: "node-commonjs" for webpack'],
    ["ncc", "function __webpack_require__() {}", {}, "--external s3bucketmap/layers for ncc"],
  ])("says what to write for %s", (_name, around, env, setting) => {
    expect(run(wait, { around, env }).message).toContain(setting);
  });

  it("refuses the worker of another build", () => {
    const other = readFileSync(worker, "utf8").replace(/(const buildStamp = ")[0-9a-f]+/, "$10000");
    writeFileSync(path.join(folder, "s3bucketmap-worker.cjs"), other);
    const { code, message } = run(wait);
    expect(code).toBe("WorkerNotStarted");
    expect(message).toContain("another build of s3bucketmap");
  });

  it.each([
    ["the worker is missing", 'bucket.k = "here";', /^S3BucketMapError: Cannot write "k"/],
    ["of a wrong argument", "bucket.k = 1;", /^TypeError: A value must be/],
    ["of a wrong option", 's3Bucket("bucket", { prefx: "a" });', /^TypeError: .*prefix/],
    ["within a built-in", "Object.assign(bucket, { k: 1 });", /^TypeError: A value must be/],
  ])("has the stack of an error begin at the user's line: %s", (_name, use, heading) => {
    const [first, second] = run(wait, { use }).stack!.split("\n");
    expect(first).toMatch(heading);
    expect(second).toMatch(/^ {4}at usersLine \(.*app\.js:\d+:\d+\)$/);
  });

  it("has the whole stack where the library's files are not to be told from the program", () => {
    // As if a tool had taken out what the build put at their ends.
    const around =
      'Object.defineProperty(globalThis, Symbol.for("s3bucketmap.files"), { value: { push() {}, filter: () => [] } });';
    expect(run(wait, { around }).stack).toMatch(/\n {4}at usersLine \(.*app\.js/);
  });
});
