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

const buildCommand =
  "run this where the bundle is built: npx --yes esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node " +
  "--out-extension:.js=.cjs --outdir=FOLDER-OF-THE-BUNDLE.";

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
  how: {
    name?: string;
    around?: string;
    env?: Record<string, string>;
    use?: string;
    isEvaluated?: boolean;
    main?: string;
  } = {},
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
      const options = ${JSON.stringify(options)};
      const bucket = s3Bucket("bucket", options);
      ${how.use ?? 'bucket.k = "here";'}
      return bucket.k;
    }
    try {
      console.log(JSON.stringify({ value: usersLine() }));
    } catch ({ code, message, stack, cause }) {
      console.log(JSON.stringify({ code, message, stack, cause: cause?.message }));
    }`;
  const file = path.join(folder, how.name ?? "app.js");
  mkdirSync(path.dirname(file), { recursive: true });
  writeBundle(file, program, how.around, how.isEvaluated);
  if (how.main !== undefined) writeFileSync(how.main, `require(${JSON.stringify(file)})`);
  const { stdout, stderr } = spawnSync(process.execPath, [how.main ?? file], {
    encoding: "utf8",
    env: { ...process.env, NODE_PATH: path.join(root, "node_modules"), ...how.env },
  });
  expect(stderr).toBe("");
  // What a worker prints can come after it.
  return JSON.parse(/^\{.*\}$/m.exec(stdout)![0]) as Seen;
}

describe.each(["atomics", "deasync"])("the library in a bundle, wait: %s", (wait) => {
  it.each(["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"])("runs the worker beside it: %s", (name) => {
    copyFileSync(worker, path.join(folder, name));
    expect(run(wait)).toEqual({ value: "here" });
  });

  it("runs a worker that is slow to start, and that a bundler has divided into files", () => {
    copyFileSync(worker, path.join(folder, "chunk.cjs"));
    const slow = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);";
    writeFileSync(path.join(folder, "s3bucketmap-worker.cjs"), `${slow} require("./chunk.cjs");`);
    expect(run(wait)).toEqual({ value: "here" });
  });

  it("runs that in a folder above it, where handlers and chunks have sub-folders, and the nearest first", () => {
    writeFileSync(path.join(folder, "package.json"), "{}");
    copyFileSync(worker, path.join(folder, "s3bucketmap-worker.cjs"));
    expect(run(wait, { name: "handlers/one/app.js" })).toEqual({ value: "here" });
    const nearer = path.join(folder, "handlers/s3bucketmap-worker.cjs");
    writeFileSync(nearer, "");
    expect(run(wait, { name: "handlers/one/app.js" }).message).toContain(`${nearer} is empty`);
  });

  it("runs none from above the package that the bundle is in", () => {
    copyFileSync(worker, path.join(folder, "s3bucketmap-worker.cjs"));
    mkdirSync(path.join(folder, "package"));
    writeFileSync(path.join(folder, "package/package.json"), "{}");
    expect(run(wait, { name: "package/app.js" }).code).toBe("WorkerNotStarted");
  });

  describe("evaluated module by module, by a main script in another folder", () => {
    let elsewhere: string;
    beforeEach(() => {
      elsewhere = mkdtempSync(path.join(tmpdir(), "bundled-spec-main-"));
    });
    afterEach(() => rmSync(elsewhere, { recursive: true }));
    const evaluated = (): Parameters<typeof run>[1] => ({
      isEvaluated: true,
      main: path.join(elsewhere, "main.js"),
    });

    it("runs the worker beside the bundle", () => {
      copyFileSync(worker, path.join(folder, "s3bucketmap-worker.cjs"));
      expect(run(wait, evaluated())).toEqual({ value: "here" });
    });

    it("runs the worker of the package that is installed there", () => {
      mkdirSync(path.join(folder, "node_modules"));
      symlinkSync(root, path.join(folder, "node_modules/s3bucketmap"));
      expect(run(wait, evaluated())).toEqual({ value: "here" });
    });

    it("names the bundle where there is neither", () => {
      const { message } = run(wait, evaluated());
      expect(message).toContain(`bundled in ${path.join(folder, "app.js")}, but s3bucketmap-worker.cjs is`);
    });

    it("names no file where it cannot know the bundle's", () => {
      const { message } = run(wait, { ...evaluated(), around: 'var __filename = "app.js";' });
      expect(message).toContain("bundled in code whose file is unknown");
      expect(message).toContain(`not in ${elsewhere} or the `);
    });
  });

  it("runs the worker of the package where it is installed", () => {
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(root, path.join(folder, "node_modules/s3bucketmap"));
    expect(run(wait)).toEqual({ value: "here" });
  });

  it("says what to write where there is neither, and sends nothing", () => {
    server.reset();
    const { code, message, cause } = run(wait);
    expect(code).toBe("WorkerNotStarted");
    expect(message).toContain(`s3bucketmap is bundled in ${path.join(folder, "app.js")}, but `);
    expect(message).toContain("(esbuild: --external:s3bucketmap; rollup: external: [/^s3bucketmap/])");
    expect(message).toContain(buildCommand);
    expect(message!.length - 2 * folder.length).toBeLessThan(520);
    expect(cause).toBeUndefined();
    expect(message).not.toMatch(/NODE_OPTIONS|may still have happened/);
    expect(server.counts().total).toBe(0);
  });

  it.each([
    ["empty", "", undefined],
    ["another program's, which prints", 'console.log("hi");', undefined],
    ["another program's, which does not end", "setInterval(() => {}, 1000);", undefined],
    ["another program's, which throws", "missing();", undefined],
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
    const start = performance.now();
    const seen = run(wait, { env: { NODE_NO_WARNINGS: "1" } });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(seen.code).toBe("WorkerNotStarted");
    expect(seen.message).toContain(`WorkerNotStarted: the worker's file ${file} `);
    expect(seen.message).toContain(`To build it again, ${buildCommand}`);
    expect(seen.message).not.toContain("NODE_OPTIONS");
    if (cause === undefined) expect(seen.cause).toBeUndefined();
    else expect(seen.cause).toMatch(cause);
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
    expect(message).toContain(`the worker's file ${file} is an ES module, but must be CommonJS. To build it`);
  });

  it("says how to name a CommonJS worker that is taken for an ES module", () => {
    const file = path.join(folder, "s3bucketmap-worker.js");
    const manifest = path.join(folder, "package.json");
    writeFileSync(manifest, '{ "type": "module" }');
    copyFileSync(worker, file);
    const { code, message } = run(wait, { name: "app.cjs" });
    expect(code).toBe("WorkerNotStarted");
    const why = `the worker's file ${file} is CommonJS, but Node runs it as an ES module, because ${manifest} has "type": "module"`;
    expect(message).toContain(`${why}. Name it s3bucketmap-worker.cjs.`);
  });

  it.each([
    ["Next.js", "", { NEXT_RUNTIME: "nodejs" }, 'serverExternalPackages: ["s3bucketmap"]'],
    [
      "webpack",
      "function __webpack_require__() {}",
      {},
      '(webpack: target: "node", externals: [/^s3bucketmap/], externalsType: "node-commonjs")',
    ],
    [
      "ncc",
      "function __webpack_require__() {} __webpack_require__.ab = __dirname;",
      {},
      "(ncc: --external s3bucketmap --external s3bucketmap/layers)",
    ],
  ])("says what to write for %s", (_name, around, env, setting) => {
    expect(run(wait, { around, env }).message).toContain(setting);
  });

  const otherBuild = (): string =>
    readFileSync(worker, "utf8")
      .replace(/(const buildStamp = ")[0-9a-f]+/, "$10000")
      .replace(/(const version = ")[^"]+/, "$10.9.0");

  it("refuses the worker of another build, and says which versions met and what builds it", () => {
    const file = path.join(folder, "s3bucketmap-worker.cjs");
    writeFileSync(file, otherBuild());
    const { code, message } = run(wait);
    expect(code).toBe("WorkerNotStarted");
    expect(message).toMatch(
      /s3bucketmap 0\.9\.0 \(build 0000\), but the program uses \d+\.\d+\.\d+\S* \(build [0-9a-f]{16}\)/,
    );
    expect(message).toContain(`the worker's file ${file} is from s3bucketmap`);
    expect(message).toContain(`To build it again, ${buildCommand}`);
    expect(message).not.toContain("NODE_OPTIONS");
  });

  it("refuses an installed package of another build, and says to bundle again", () => {
    const installed = path.join(folder, "node_modules/s3bucketmap");
    mkdirSync(path.join(installed, "dist"), { recursive: true });
    copyFileSync(path.join(root, "package.json"), path.join(installed, "package.json"));
    writeFileSync(path.join(installed, "dist/worker.js"), otherBuild());
    const { code, message } = run(wait);
    expect(code).toBe("WorkerNotStarted");
    expect(message).toContain(`${path.join(installed, "dist/worker.js")} is from s3bucketmap 0.9.0`);
    expect(message).toContain("Bundle the program again, with the version that is installed where it runs.");
  });

  it("says how to build a worker that is without the AWS SDK", () => {
    const file = path.join(folder, "s3bucketmap-worker.cjs");
    copyFileSync(worker, file);
    mkdirSync(path.join(folder, "node_modules"));
    symlinkSync(path.join(root, "node_modules/deasync"), path.join(folder, "node_modules/deasync"));
    const use = 'const map = new S3BucketMap("bucket", options); map.set("k", "v"); map.deleteMany(["k"]);';
    const { code, message } = run(wait, { use, env: { NODE_PATH: "" } });
    expect(code).toBe("SdkUnavailable");
    expect(message).toContain(`The worker's file ${file} is without the AWS SDK, or without a chunk`);
    expect(message).toContain("without --external:@aws-sdk/*, and do not copy dist/worker.js");
    expect(message).not.toContain("npm install");
  });

  it.each([
    ["the worker is missing", 'bucket.k = "here";', /^S3BucketMapError: Cannot write "k"/],
    ["of a wrong argument", "bucket.k = 1;", /^TypeError: The value of "k" must be/],
    ["of a wrong option", 's3Bucket("bucket", { prefx: "a" });', /^TypeError: .*prefix/],
    ["within a built-in", "Object.assign(bucket, { k: 1 });", /^TypeError: The value of "k" must be/],
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
