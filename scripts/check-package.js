// npm run check:package: what users get when they install the packed package into an empty folder.
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Checks, install, pack, run, serveS3, smoke } = require("./packed.js");

const root = path.join(__dirname, "..");
const node = [process.execPath];
const bin = (/** @type {string} */ name) => path.join(root, "node_modules/.bin", name);

const allowed =
  /^(package\.json|LICENSE|[A-Z]+\.md|bench\/README\.md|docs\/[\w/-]+\.(md|svg)|examples\/[\w.-]+\.js|dist\/.+\.(js|mjs|d\.ts|d\.mts))$/;
const required = [
  "package.json",
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "docs/README.md",
  "docs/getting-started.md",
  "docs/recipes.md",
  "dist/index.js",
  "dist/index.mjs",
  "dist/prompt/cli.js",
  "dist/prompt/hook.js",
  "dist/layers/index.js",
  "dist/layers/index.mjs",
  "dist/testing/index.js",
  "dist/testing/index.mjs",
];
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };

/** @param {string[]} command @param {string} [cwd] */
async function succeed(command, cwd) {
  const { code, stdout, stderr } = await run(command, cwd === undefined ? {} : { cwd, timeoutMs: 300_000 });
  if (code !== 0)
    throw new Error(`${path.basename(command[0] ?? "")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** Runs a program of this text in a project. @param {string} project @param {string} file @param {string} text */
function program(project, file, text) {
  fs.writeFileSync(path.join(project, file), text);
  return succeed([...node, file], project);
}

async function main() {
  const checks = new Checks();
  const check = checks.check.bind(checks);
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-package-"));
  const project = path.join(temporary, "project");
  const local = path.join(temporary, "local");
  const packed = pack(temporary);
  const server = await serveS3(path.join(temporary, "served"));

  await check("the tarball has what it should, and nothing else", () => {
    assert.deepStrictEqual(
      packed.files.filter((file) => !allowed.test(file)),
      [],
      "not allowed",
    );
    assert.deepStrictEqual(
      required.filter((file) => !packed.files.includes(file)),
      [],
      "missing",
    );
    return `${packed.files.length} files, ${packed.size} bytes, ${packed.unpackedSize} unpacked`;
  });
  await check("publint has nothing to say", async () => {
    const said = await succeed([bin("publint"), "run", packed.tarball, "--strict"]);
    assert.match(said, /All good!/);
  });
  await check("attw finds no problem", async () => {
    // What a thread runs, and a bundler is given, has no types.
    const untyped = ["--exclude-entrypoints", "worker"];
    await succeed([bin("attw"), packed.tarball, "--no-emoji", "--profile", "node16", ...untyped]);
  });

  await check("it installs into an empty folder", () => install(project, packed.tarball));
  for (const script of /** @type {const} */ (["commonjs.cjs", "module.mjs"])) {
    const kind = script === "module.mjs" ? "import" : "require";
    for (const wait of /** @type {const} */ (["atomics", "deasync"])) {
      await check(`${kind}, wait: "${wait}", on the local S3`, () =>
        smoke(project, node, script, "my-bucket", { local, wait }),
      );
    }
    await check(`${kind}, over HTTP`, () =>
      smoke(project, node, script, "my-bucket", { endpoint: server.endpoint, credentials }),
    );
  }
  await check("require and import share their classes, the facades and one worker thread", () =>
    program(project, "both.mjs", both(local)),
  );
  await check("npx s3bucketmap reads a pipe, evaluates code, and tells mistakes", async () => {
    const command = (/** @type {string[]} */ ...args) =>
      run(["npx", "--no-install", "s3bucketmap", ...args], { cwd: project, timeoutMs: 60_000 });
    const store = path.join(temporary, "prompt");
    const piped = await succeed(
      ["sh", "-c", `echo 'bucket.a = "1"; bucket.a' | npx --no-install s3bucketmap --local "$0"`, store],
      project,
    );
    assert.strictEqual(piped, "'1'\n");
    assert.strictEqual((await command("--local", store, "--eval", "bucket.a")).stdout, "1\n");
    assert.strictEqual((await command("--local", store, "--eval", "nope")).code, 1);
    assert.strictEqual((await command("--lcal", store)).code, 2);
  });
  await check("s3bucketmap/repl loads by -r, require and import", async () => {
    await succeed([...node, "-r", "s3bucketmap/repl", "-e", "require('s3bucketmap/repl')"], project);
    await succeed([...node, "--import", "s3bucketmap/repl", "-e", "import('s3bucketmap/repl')"], project);
  });
  await check("a map that is never used starts no thread", () =>
    program(project, "unused.cjs", unused(local)),
  );
  await typeChecks(check, project);

  fs.rmSync(path.join(project, "node_modules/deasync"), { recursive: true });
  await check('without deasync, wait: "deasync" says how to get it', () =>
    program(project, "no-deasync.cjs", noDeasync(local)),
  );
  for (const script of /** @type {const} */ (["commonjs.cjs", "module.mjs"])) {
    await check(`without deasync, ${script} passes`, () =>
      smoke(project, node, script, "my-bucket", { local }),
    );
  }

  const bare = path.join(temporary, "bare");
  await check("it installs without its optional packages", () => {
    install(bare, "--omit=optional", packed.tarball);
    assert.deepStrictEqual(
      ["lmdb", "deasync"].filter((name) => fs.existsSync(path.join(bare, "node_modules", name))),
      [],
    );
  });
  await check("without lmdb, local says how to get it", () => program(bare, "no-lmdb.cjs", noLmdb(local)));
  await check("without lmdb and deasync, the rest works", async () => {
    await smoke(bare, node, "commonjs.cjs", "my-bucket", { endpoint: server.endpoint, credentials });
    await program(bare, "no-deasync.cjs", noDeasync(local));
  });

  await server.stop();
  fs.rmSync(temporary, { recursive: true });
  checks.end();
}

/** @param {(name: string, check: () => unknown) => Promise<void>} check @param {string} project */
async function typeChecks(check, project) {
  const { devDependencies } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  await check("@types/node installs beside it", () =>
    install(project, "--save-dev", `@types/node@${devDependencies["@types/node"]}`),
  );
  fs.writeFileSync(path.join(project, "module.mts"), typed);
  fs.writeFileSync(path.join(project, "commonjs.cts"), typed);
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: false,
    types: ["node"],
  };
  for (const file of ["module.mts", "commonjs.cts"]) {
    const config = `tsconfig.${path.extname(file).slice(1)}.json`;
    fs.writeFileSync(path.join(project, config), JSON.stringify({ compilerOptions, files: [file] }));
    await check(`${file} type-checks under nodenext, strict, libraries checked too`, () =>
      succeed([bin("tsc"), "-p", config], project),
    );
  }
  // Older TypeScript settings know no "exports", and find sub-paths by "typesVersions".
  fs.writeFileSync(path.join(project, "older.ts"), typed + subPaths());
  const older = {
    ...compilerOptions,
    module: "commonjs",
    moduleResolution: "node10",
    ignoreDeprecations: "6.0",
  };
  fs.writeFileSync(
    path.join(project, "tsconfig.older.json"),
    JSON.stringify({ compilerOptions: older, files: ["older.ts"] }),
  );
  await check("older.ts type-checks under node10, every sub-path included", () =>
    succeed([bin("tsc"), "-p", "tsconfig.older.json"], project),
  );
}

/** An import of each sub-path of package.json that a program can import. */
function subPaths() {
  const { exports: exported } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  return Object.keys(exported)
    .filter((name) => ![".", "./package.json", "./worker"].includes(name))
    .map((name) => `import "s3bucketmap/${name.slice(2)}";\n`)
    .join("");
}

const typed = `
import { asMap, asObject, s3Bucket, S3BucketMap, S3BucketMapError, TimedOutError } from "s3bucketmap";
import type { BucketObject, ListOptions, ObjectHead, S3BucketOptions, SyncMap } from "s3bucketmap";

import { cache, encrypt, gzip, json, readonly, structured, text, transform, writeBuffer } from "s3bucketmap/layers";
import type { WriteBuffer } from "s3bucketmap/layers";
import { contract } from "s3bucketmap/testing";
import type { ContractOptions } from "s3bucketmap/testing";
import { describe, it } from "node:test";

const options: S3BucketOptions = { region: "eu-west-1", timeoutMs: 1000, wait: "deasync" };
const bucket = s3Bucket("my-bucket", { prefix: "testprefix/", readAs: "string" });
bucket.testKey = "some value";
const value: string | undefined = bucket.testKey;
const whole: BucketObject<string> = s3Bucket("my-bucket", options);
const bytes: Buffer | undefined = s3Bucket("my-bucket", { readAs: "bytes" })["key"];
delete bucket.testKey;
for (const key in bucket) key.toUpperCase();

const map: SyncMap<string> = asMap(bucket);
const page: ListOptions = { limit: 10 };
for (const [key, text] of map.entries(page)) key.concat(text);
const head: ObjectHead | undefined = new S3BucketMap("my-bucket").subMap("a/").head("key");
const etag: string | undefined = head?.etag;
const overNative: BucketObject<number> = asObject(new Map<string, number>());
try {
  map.set("key", "value", { contentType: "text/html" });
} catch (error) {
  if (error instanceof TimedOutError) error.attempts?.toFixed();
  if (error instanceof S3BucketMapError) error.code.toUpperCase();
}

const bytesMap = new S3BucketMap("my-bucket", { readAs: "bytes" });
const users: BucketObject<{ name: string }> = asObject(json<{ name: string }>(cache(map, { ttl: 1000 })));
const name: string | undefined = users["ann"]?.name;
const buffered: WriteBuffer<unknown> = writeBuffer(structured(gzip(encrypt(bytesMap, Buffer.alloc(32)))));
buffered.set("at", new Date()).size.toFixed();
const dates = transform(text(bytesMap), {
  encode: (date: Date) => date.toISOString(),
  decode: (stored) => new Date(stored),
});
const day: Date | undefined = readonly(dates).get("day");
// @ts-expect-error -- the base must give bytes
gzip(new S3BucketMap("my-bucket"));
// @ts-expect-error -- the values are users
users["ann"] = "Ann";

const tested: ContractOptions = { describe, it, make: () => new S3BucketMap("my-bucket"), headOf: { size: "any" } };
contract(tested);
// @ts-expect-error -- the values are no strings
contract({ describe, it, make: () => dates });

// @ts-expect-error -- values are strings
bucket.testKey = 1;
// @ts-expect-error -- there is no such option
s3Bucket("my-bucket", { reigon: "eu-west-1" });

export { bytes, day, etag, name, overNative, value, whole };
`;

/** @param {string} local */
const both = (local) => `
import assert from "node:assert";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const threads = require("node:worker_threads");
let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(...args) {
    super(...args);
    started += 1;
  }
};
const imported = await import("s3bucketmap");
const required = require("s3bucketmap");
assert.deepStrictEqual(Object.keys(required).filter((name) => imported[name] !== required[name]), []);
assert.deepStrictEqual(Object.keys(imported).sort(), Object.keys(required).sort());
const importedLayers = await import("s3bucketmap/layers");
const requiredLayers = require("s3bucketmap/layers");
assert.deepStrictEqual(Object.keys(requiredLayers).filter((name) => importedLayers[name] !== requiredLayers[name]), []);
assert.deepStrictEqual(Object.keys(importedLayers).sort(), Object.keys(requiredLayers).sort());

const options = { local: ${JSON.stringify(local)} };
const one = imported.s3Bucket("my-bucket", options);
const other = required.s3Bucket("my-bucket", options);
one.shared = "value";
assert.strictEqual(other.shared, "value");
delete other.shared;
assert.strictEqual((await import("s3bucketmap/testing")).contract, require("s3bucketmap/testing").contract);
const numbers = importedLayers.json(required.asMap(other));
numbers.set("n", { n: 1 });
assert.deepStrictEqual(requiredLayers.json(required.asMap(one)).get("n"), { n: 1 });
assert.throws(() => requiredLayers.json(one), TypeError);
numbers.delete("n");
assert.strictEqual(required.asMap(one).constructor, imported.S3BucketMap);
assert.throws(() => required.s3Bucket("No-Such_Bucket-in-here", options).k, imported.S3BucketMapError);
assert.strictEqual(started, 1);
`;

/** @param {string} local */
const unused = (local) => `
const threads = require("node:worker_threads");
threads.Worker = class { constructor() { throw new Error("a thread was started"); } };
const { s3Bucket } = require("s3bucketmap");
s3Bucket("my-bucket", { local: ${JSON.stringify(local)} });
s3Bucket("my-bucket", { wait: "deasync" });
`;

/** @param {string} local */
const noDeasync = (local) => `
const assert = require("node:assert");
const { s3Bucket } = require("s3bucketmap");
assert.throws(
  () => s3Bucket("my-bucket", { local: ${JSON.stringify(local)}, wait: "deasync" }),
  (error) => error.constructor === TypeError && /npm install deasync/.test(error.message),
);
`;

/** @param {string} local */
const noLmdb = (local) => `
const assert = require("node:assert");
const { s3Bucket, S3BucketMapError } = require("s3bucketmap");
assert.throws(
  () => s3Bucket("my-bucket", { local: ${JSON.stringify(local)} }).testKey,
  (error) => {
    assert.match(error.message, /npm install lmdb/);
    assert.strictEqual(error.code, "LocalS3Unavailable", error.message);
    return error instanceof S3BucketMapError;
  },
);
`;

void main();
