import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as library from "../lib/index.js";

type Exercise = (of: typeof library, wait: "atomics" | "deasync") => void;

const root = path.join(__dirname, "..");
const build = path.join(root, "dist/index.js");
const exerciseFile = path.join(__dirname, "fixtures/exercise.js");
// eslint-disable-next-line @typescript-eslint/no-require-imports -- plain JavaScript: the same file runs in each context
const exercise = require("./fixtures/exercise.js") as Exercise;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-contexts-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs `node` until it ends by itself; one that does not is killed, and then has no exit code. */
function node(args: string[], input?: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, S3BUCKETMAP_LOCAL: path.join(folder, "s3") },
    ...(input === undefined ? {} : { input }),
  });
}

function runFile(name: string, source: string): SpawnSyncReturns<string> {
  const file = path.join(folder, name);
  writeFileSync(file, source);
  return node([file]);
}

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  const load = `const library = require(${JSON.stringify(build)}); const exercise = require(${JSON.stringify(exerciseFile)});`;
  const loadEsm = `
    import * as library from ${JSON.stringify(pathToFileURL(build.replace(/js$/, "mjs")).href)};
    import exercise from ${JSON.stringify(pathToFileURL(exerciseFile).href)};`;
  const call = `exercise(library, "${wait}"); console.log("right");`;

  const endsWell = { status: 0, signal: null, stdout: "right\n", stderr: "" };

  const scripts: [string, string, string][] = [
    ["a CommonJS script", "script.cjs", `${load} ${call}`],
    ["the top level of an ES module", "script.mjs", `${loadEsm} ${call}`],
    [
      "an ES module after an await",
      "await.mjs",
      `${loadEsm} await null; await new Promise(setImmediate); ${call}`,
    ],
    ["an async function after an await", "await.cjs", `${load} (async () => { await null; ${call} })();`],
    ["a promise's callback", "then.cjs", `${load} Promise.resolve().then(() => { ${call} });`],
    ["a microtask", "microtask.cjs", `${load} queueMicrotask(() => { ${call} });`],
    ["process.nextTick", "tick.cjs", `${load} process.nextTick(() => { ${call} });`],
    ["a timer", "timer.cjs", `${load} setTimeout(() => { ${call} }, 1);`],
    [
      "an event of a stream",
      "event.cjs",
      `${load} require("node:fs").createReadStream(__filename).once("data", () => { ${call} });`,
    ],
    [
      "the callback of a file that is read, when the thread had been called before",
      "file.cjs",
      `${load} exercise(library, "${wait}"); require("node:fs").readFile(__filename, () => { ${call} });`,
    ],
    [
      "a message's callback, when the thread had been called before",
      "message.cjs",
      `${load} const { port1, port2 } = new MessageChannel(); exercise(library, "${wait}");
       port1.once("message", () => { ${call} port1.close(); }); port2.postMessage(1);`,
    ],
    [
      "a worker thread of the program's own",
      "worker.cjs",
      `const { Worker, isMainThread } = require("node:worker_threads");
       if (isMainThread) new Worker(__filename).on("exit", (code) => { process.exitCode = code; });
       else { ${load} ${call} }`,
    ],
    [
      "a forked child process",
      "fork.cjs",
      `if (process.send === undefined) require("node:child_process").fork(__filename).on("exit", (code) => { process.exitCode = code; });
       else { ${load} ${call} process.disconnect(); }`,
    ],
    ["an exit handler", "exit.cjs", `${load} process.on("exit", () => { ${call} });`],
    [
      "an exit handler after other calls",
      "exit-after.cjs",
      `${load} exercise(library, "${wait}"); process.on("exit", () => { ${call} });`,
    ],
    ["a script that ends by process.exit", "process-exit.cjs", `${load} ${call} process.exit();`],
  ];

  it.each(scripts)("serves %s", (_context, name, source) => {
    expect(runFile(`${wait}-${name}`, source)).toMatchObject(endsWell);
  });

  it("serves node -e", () => {
    expect(node(["-e", `${load} ${call}`])).toMatchObject(endsWell);
  });

  it("serves node -p", () => {
    expect(node(["-p", `${load} exercise(library, "${wait}"); "right"`])).toMatchObject(endsWell);
  });

  it("serves an ES module given by --input-type=module -e", () => {
    expect(node(["--input-type=module", "-e", `${loadEsm} ${call}`])).toMatchObject(endsWell);
  });

  it("serves a REPL that is fed through stdin", () => {
    const { status, stdout, stderr } = node(["-i"], `${load}\n${call}\n`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("\n> right\n");
    expect(stdout).not.toContain("Uncaught");
  });

  it("serves a Jest test, at once and after an await", async () => {
    process.env["S3BUCKETMAP_LOCAL"] = path.join(folder, "s3");
    try {
      exercise(library, wait);
      await new Promise(setImmediate);
      exercise(library, wait);
    } finally {
      delete process.env["S3BUCKETMAP_LOCAL"];
    }
  });

  it("lets a script end that leaves its map open, by itself and with exit code 0", () => {
    const source = `${load} globalThis.bucket = library.s3Bucket("bucket", { wait: "${wait}" }); bucket.a = "1"; console.log("right");`;
    expect(runFile(`${wait}-open.cjs`, source)).toMatchObject(endsWell);
  });

  it("keeps the exit code of a script that throws", () => {
    const source = `${load} exercise(library, "${wait}"); process.exitCode = 3; throw new Error("the script's own");`;
    const { status, stderr } = runFile(`${wait}-throws.cjs`, source);
    expect(status).toBe(1);
    expect(stderr).toContain("the script's own");
  });

  it("is not told the program's own --require", () => {
    const preload = path.join(folder, `${wait}-preload.cjs`);
    const source = `if (require("node:worker_threads").isMainThread) { ${load} ${call} } else { require("node:fs").writeSync(1, "preloaded again"); }`;
    writeFileSync(preload, source);
    expect(node(["--require", preload, "-e", "0"])).toMatchObject(endsWell);
  });
});
