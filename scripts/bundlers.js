// npm run check:bundlers: what becomes of a program that uses the library, by bundler. The bundlers are installed into a
// temporary folder, in their newest versions. Prints a table, and fails if anything that docs/bundlers.md says is not so.
// With --short: esbuild and rollup, each once.
const assert = require("node:assert");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { install, pack, run, serveS3 } = require("./packed.js");
const { bundlers, handlers, lambda, lambdaOfModules, workerLine } = require("./bundlers/lines.js");

const isShort = process.argv.includes("--short");
const temporary = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "bundlers-")));
const project = path.join(temporary, "project");
const elsewhere = path.join(temporary, "elsewhere");

/**
 * What a program printed.
 *
 * @typedef {{ wrong: string, refused: string, read?: string, error?: { code: string, message: string, stack: string } }} Seen
 */

/** @type {string[][]} */
const table = [];
let failed = 0;

/** A row of the table. @param {string} bundler @param {string} what @param {() => Promise<string>} look */
async function row(bundler, what, look) {
  process.stderr.write(`… ${bundler}: ${what}\n`);
  try {
    table.push([bundler, what, await look()]);
  } catch (error) {
    failed += 1;
    table.push([bundler, what, `FAILED: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** Runs a command in the project, with the programs that are installed there. @param {string} line */
async function build(line) {
  const bin = path.join(project, "node_modules/.bin");
  const { code, stdout, stderr } = await run(["sh", "-c", line], {
    cwd: project,
    env: { PATH: `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`, NEXT_TELEMETRY_DISABLED: "1" },
    timeoutMs: 600_000,
  });
  assert.strictEqual(code, 0, `${line}\n${stdout}${stderr}`);
}

/** As on Lambda, the main script is another file in another folder. @param {string} file @param {object} options @returns {Promise<Seen>} */
async function seenBy(file, options) {
  const main = path.join(temporary, "main/main.mjs");
  fs.mkdirSync(path.dirname(main), { recursive: true });
  fs.writeFileSync(main, `import ${JSON.stringify(pathToFileURL(file).href)};\n`);
  const { code, stdout, stderr } = await run([process.execPath, main, JSON.stringify(options)], {
    cwd: path.dirname(file),
  });
  assert.strictEqual(code, 0, stderr);
  return JSON.parse(stdout);
}

/** All that the program does went well, and its errors begin at its own lines. @param {Seen} seen */
function works(seen) {
  assert.strictEqual(seen.error?.message, undefined);
  assert.strictEqual(seen.read, "here 2 documents/one,inBatch,text");
  beginsAt("usersAssignment", seen.wrong, /^TypeError: /);
  beginsAt("usersCall", seen.refused, /^PreconditionFailedError: /);
}

/** @param {string} name @param {string} stack @param {RegExp} heading */
function beginsAt(name, stack, heading) {
  assert.match(stack, heading);
  const [first = ""] = stack.split("\n").filter((line) => /^ +at /.test(line));
  // A minifier changes the name, or puts the function's only statement where it was called.
  assert.match(first, isMinified ? /^ +at .*:\d+:\d+\)?$/ : new RegExp(`^ +at ${name} `), stack);
  assert.doesNotMatch(first, /s3bucketmap\/dist|node:/, stack);
}
let isMinified = false;

/** The first call says what to write. @param {Seen} seen @param {RegExp} setting */
function saysWhatToWrite(seen, setting) {
  assert.strictEqual(seen.error?.code, "WorkerNotStarted", JSON.stringify(seen));
  assert.match(seen.error.message, setting);
  assert.match(seen.error.message, /esbuild s3bucketmap-worker=s3bucketmap\/worker /);
  if (!isMinified) assert.match(seen.error.stack, /^.*\n +at use /);
  beginsAt("usersAssignment", seen.wrong, /^TypeError: /);
}

/** Copies an output to where nothing is installed. @param {string} folder */
function moveAway(folder) {
  fs.rmSync(elsewhere, { recursive: true, force: true });
  fs.cpSync(folder, elsewhere, { recursive: true });
  return elsewhere;
}

async function main() {
  const { tarball } = pack(temporary);
  const chosen = bundlers.filter(({ isInShort }) => isInShort || !isShort);
  install(project, tarball, ...new Set(["esbuild", ...chosen.flatMap(({ packages }) => packages)]));
  const program = fs.readFileSync(path.join(__dirname, "bundlers/program.mjs"), "utf8");
  fs.writeFileSync(path.join(project, "app.mjs"), program);
  fs.writeFileSync(
    path.join(project, "app.cjs"),
    program.replaceAll(/^import (.*) from (.*);$/gm, "const $1 = require($2);").replaceAll(/^export /gm, ""),
  );
  const server = await serveS3(path.join(temporary, "served"));
  const http = {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  };
  const local = { local: path.join(temporary, "local") };

  for (const bundler of chosen) {
    isMinified = bundler.isMinified === true;
    const version = JSON.parse(
      fs.readFileSync(path.join(project, "node_modules", bundler.packages[0] ?? "", "package.json"), "utf8"),
    ).version;
    const name = `${bundler.name} ${version}${bundler.output === undefined ? "" : `, ${bundler.output}`}`;
    for (const [file, text] of Object.entries(bundler.files ?? {})) {
      fs.mkdirSync(path.dirname(path.join(project, file)), { recursive: true });
      fs.writeFileSync(path.join(project, file), text);
    }
    const { plain, leftOut } = bundler;
    if (plain !== undefined) {
      const folder = path.join(project, path.dirname(plain.file));
      await row(name, "bundled, packages installed", async () => {
        await build(plain.line);
        works(await seenBy(path.join(project, plain.file), http));
        works(await seenBy(path.join(project, plain.file), local));
        return "works";
      });
      await row(name, "bundled, nothing installed", async () => {
        const away = path.join(moveAway(folder), path.basename(plain.file));
        saysWhatToWrite(await seenBy(away, http), plain.setting);
        return "WorkerNotStarted says what to write";
      });
      await row(name, "bundled, with the worker's file", async () => {
        await build(workerLine(folder));
        const away = path.join(moveAway(folder), path.basename(plain.file));
        works(await seenBy(away, http));
        assert.strictEqual((await seenBy(away, local)).error?.code, "LocalS3Unavailable");
        return "works, but for local";
      });
    }
    await row(name, "left out, packages installed", async () => {
      await build(leftOut.line);
      const file = path.join(project, leftOut.file);
      assert.doesNotMatch(fs.readFileSync(file, "utf8"), /s3bucketmap\.files/, "it is in the bundle");
      works(await seenBy(file, http));
      works(await seenBy(file, local));
      return "works";
    });
  }

  isMinified = false;
  // The commands of docs/bundlers.md are the same in a project of ES modules.
  const manifest = path.join(project, "package.json");
  const asInstalled = fs.readFileSync(manifest, "utf8");
  fs.writeFileSync(manifest, JSON.stringify({ ...JSON.parse(asInstalled), type: "module" }));
  await row("esbuild", "a function of ES modules, as on Lambda", async () => {
    for (const line of lambdaOfModules) await build(line);
    const file = path.join(moveAway(path.join(project, "modules")), "app.mjs");
    works(await seenBy(file, http));
    return "works";
  });
  await row("esbuild", "in its project of ES modules", async () => {
    await build(lambda);
    works(await seenBy(path.join(project, "function/app.cjs"), http));
    return "works";
  });
  fs.writeFileSync(manifest, asInstalled);
  await row("esbuild", "a function, as on Lambda", async () => {
    await build(lambda);
    const file = path.join(moveAway(path.join(project, "function")), "app.cjs");
    const call = `require(${JSON.stringify(file)}).handler(${JSON.stringify({ createBucket: true })}).then((seen) => console.log(JSON.stringify(seen)))`;
    const { stdout, stderr } = await run([process.execPath, "-e", call], {
      cwd: elsewhere,
      // Lambda gives a function its role's credentials and its region like this.
      env: {
        AWS_ENDPOINT_URL_S3: server.endpoint,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_SESSION_TOKEN: "token",
      },
    });
    assert.strictEqual(stderr, "");
    works(JSON.parse(stdout));
    return "works";
  });
  await row("esbuild", "two functions, their worker above them", async () => {
    for (const name of ["one", "two"]) {
      fs.mkdirSync(path.join(project, "handlers", name), { recursive: true });
      fs.writeFileSync(path.join(project, "handlers", name, "index.mjs"), program);
    }
    for (const line of handlers) await build(line);
    const away = moveAway(path.join(project, "functions"));
    for (const name of ["one", "two"]) works(await seenBy(path.join(away, name, "index.cjs"), http));
    return "works";
  });
  if (!isShort) await nextJs({ tarball, http, local });
  await server.stop();
}

/** Its server, bundled by Turbopack. @param {{ tarball: string, http: object, local: object }} given */
async function nextJs({ tarball, http, local }) {
  install(project, tarball, "next", "react", "react-dom");
  const { version } = JSON.parse(
    fs.readFileSync(path.join(project, "node_modules/next/package.json"), "utf8"),
  );
  const site = path.join(project, "site");
  const program = fs.readFileSync(path.join(__dirname, "bundlers/program.mjs"), "utf8");
  fs.mkdirSync(path.join(site, "app/route"), { recursive: true });
  fs.writeFileSync(path.join(site, "package.json"), '{ "private": true }\n');
  fs.writeFileSync(
    path.join(site, "app/layout.jsx"),
    "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n",
  );
  fs.writeFileSync(
    path.join(site, "app/page.jsx"),
    "export default function Page() { return <p>page</p>; }\n",
  );
  fs.writeFileSync(
    path.join(site, "app/route/route.js"),
    `${program.slice(0, program.indexOf("export async function handler")).replace("export function use", "function use")}
export const dynamic = "force-dynamic";
export function GET(request) {
  return Response.json(use(JSON.parse(new URL(request.url).searchParams.get("options"))));
}
`,
  );
  isMinified = true;
  for (const serverExternalPackages of [[], ["s3bucketmap"]]) {
    const isLeftOut = serverExternalPackages.length > 0;
    const config = {
      output: "standalone",
      outputFileTracingRoot: project,
      turbopack: { root: project },
      serverExternalPackages,
    };
    fs.writeFileSync(path.join(site, "next.config.mjs"), `export default ${JSON.stringify(config)};\n`);
    const of = `Next.js ${version}`;
    await row(of, isLeftOut ? "left out, packages installed" : "bundled, packages installed", async () => {
      await build("cd site && next build");
      const [overHttp, onLocal] = await answers(site, ["next", "start"], [http, local]);
      works(overHttp);
      works(onLocal);
      return "works";
    });
    await row(of, isLeftOut ? "left out, standalone" : "bundled, standalone", async () => {
      const away = path.join(moveAway(path.join(site, ".next/standalone")), "site");
      const [overHttp] = await answers(away, [process.execPath, "server.js"], [http]);
      if (isLeftOut) works(overHttp);
      else saysWhatToWrite(overHttp, /serverExternalPackages: \["s3bucketmap"\]/);
      return isLeftOut ? "works, but for local" : "WorkerNotStarted says what to write";
    });
  }
}

/** What a server of Next.js answers. @param {string} cwd @param {string[]} command @param {object[]} requests */
async function answers(cwd, [program = "", ...args], requests) {
  const port = 20_000 + (process.pid % 10_000);
  const child = spawn(program === "next" ? path.join(project, "node_modules/.bin/next") : program, args, {
    cwd,
    env: { ...process.env, PORT: String(port), HOSTNAME: "127.0.0.1", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: "ignore",
    detached: true,
  });
  try {
    const seen = [];
    for (const options of requests) {
      seen.push(
        await answer(`http://127.0.0.1:${port}/route?options=${encodeURIComponent(JSON.stringify(options))}`),
      );
    }
    return /** @type {[Seen, Seen]} */ (seen);
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid);
  }
}

/** Waits until the server listens. @param {string} url @returns {Promise<Seen>} */
async function answer(url, tries = 120) {
  try {
    return /** @type {Seen} */ (await (await fetch(url)).json());
  } catch (error) {
    if (tries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return answer(url, tries - 1);
  }
}

main()
  .catch((error) => {
    failed += 1;
    console.error(error);
  })
  .finally(() => {
    fs.rmSync(temporary, { recursive: true, force: true });
    const widths = [0, 1].map((at) => Math.max(...table.map((cells) => cells[at]?.length ?? 0), 0));
    for (const [bundler = "", what = "", result = ""] of table)
      console.log(`${bundler.padEnd(widths[0] ?? 0)}  ${what.padEnd(widths[1] ?? 0)}  ${result}`);
    console.log(`bundlers: ${table.length - failed} as documented, ${failed} not`);
    process.exitCode = failed === 0 ? 0 : 1;
  });
