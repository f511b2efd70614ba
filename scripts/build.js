// Builds lib/ into dist/: the types by tsc, the JavaScript by rollup. Writes the build stamp, a digest of the sources, that
// the main thread and the worker compare when they first meet. With --if-stale it does nothing when dist/ already has the
// stamp of the sources as they are.
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { rollup } = require("rollup");
const ts = require("typescript");
const { version } = require("../package.json");

const root = path.join(__dirname, "..");
const lib = path.join(root, "lib");
const dist = path.join(root, "dist");
const stampFile = path.join(dist, "build-stamp.json");

/** What a program loads, by the file of dist/. Whichever of them it loads, there is one of each module. */
const entries = {
  index: "index.ts",
  "layers/index": "layers/index.ts",
  "testing/index": "testing/index.ts",
  "prompt/hook": "prompt/hook.ts",
  "prompt/cli": "prompt/cli.ts",
};

/** What has nothing in common with the rest: the worker has modules of its own anyway, and loads one file sooner than several. */
const programs = { worker: "worker/main.ts", "local/handler": "local/handler.ts" };

/** What is loaded together, with all that it imports, is one file: for an import of the library, and then for a first call. */
const together = { "calling-thread": "index.ts", bridge: "bridge/bridge.ts" };

function stampOfSources() {
  const hash = createHash("sha256");
  const files = fs.readdirSync(lib, { recursive: true, encoding: "utf8" }).sort();
  for (const file of [
    ...files.map((f) => path.join("lib", f)),
    "package.json",
    "scripts/build.js",
    "tsconfig.build.json",
    "tsconfig.json",
  ]) {
    const full = path.join(root, file);
    if (!fs.statSync(full).isFile()) continue;
    hash.update(file).update("\0").update(fs.readFileSync(full)).update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function stampOfBuild() {
  try {
    return JSON.parse(fs.readFileSync(stampFile, "utf8")).stamp;
  } catch {
    return undefined;
  }
}

/** @param {string} stamp */
async function build(stamp) {
  fs.rmSync(dist, { recursive: true, force: true });
  writeTypes();
  await bundle(stamp, entries, together);
  for (const [name, file] of Object.entries(programs)) await bundle(stamp, { [name]: file });
  for (const name of ["index", "layers/index", "testing/index"]) {
    const source = fs.readFileSync(path.join(lib, `${name}.mts`), "utf8");
    fs.writeFileSync(path.join(dist, `${name}.mjs`), toJavaScript(source));
  }
  // Last of all: a build that was interrupted has no stamp, and is made again.
  fs.writeFileSync(stampFile, `${JSON.stringify({ stamp })}\n`);
}

/** What users import, and the local S3, which scripts here do. */
const typed = [
  "index.d.ts",
  "index.d.mts",
  "layers/index.d.ts",
  "layers/index.d.mts",
  "testing/index.d.ts",
  "testing/index.d.mts",
  "prompt/hook.d.ts",
  "local/handler.d.ts",
];

function writeTypes() {
  const all = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-types-"));
  const tsc = [require.resolve("typescript/bin/tsc"), "-p", path.join(root, "tsconfig.build.json")];
  execFileSync(process.execPath, [...tsc, "--outDir", all], { stdio: "inherit" });
  /** With what it imports. @param {string} name */
  const keep = (name) => {
    const file = path.join(dist, name);
    if (fs.existsSync(file)) return;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.copyFileSync(path.join(all, name), file);
    for (const { fileName } of ts.preProcessFile(fs.readFileSync(file, "utf8")).importedFiles) {
      if (fileName.startsWith(".")) keep(path.join(path.dirname(name), fileName.replace(/\.js$/, ".d.ts")));
    }
  };
  typed.forEach(keep);
  fs.rmSync(all, { recursive: true });
}

/** What stands at both ends of each file of the calling thread, so that lib/errors/stack.ts finds them in a bundle. */
const ends = {
  intro:
    'const s3bucketmapFile = [() => new Error()];\n(globalThis[Symbol.for("s3bucketmap.files")] ??= []).push(s3bucketmapFile);',
  outro: "s3bucketmapFile.push(() => new Error());",
};

/**
 * @param {string} stamp
 * @param {Record<string, string>} inputs - files of lib/, by what they become
 * @param {Record<string, string>} chunks - likewise
 */
async function bundle(stamp, inputs, chunks = {}) {
  const inLib = (/** @type {string} */ file) => path.join(lib, file);
  const built = await rollup({
    input: Object.fromEntries(Object.entries(inputs).map(([name, file]) => [name, inLib(file)])),
    external: (id) => !id.startsWith(".") && !path.isAbsolute(id),
    plugins: [fromTypeScript(stamp)],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  await built.write({
    dir: dist,
    format: "cjs",
    chunkFileNames: "[name].js",
    manualChunks: (id, { getModuleInfo }) =>
      Object.entries(chunks).find(([, file]) => reaches(inLib(file), id, getModuleInfo))?.[0],
    dynamicImportInCjs: false,
    esModule: true,
    exports: "named",
    externalLiveBindings: false,
    generatedCode: { preset: "es2015", symbols: false },
    hoistTransitiveImports: false,
    interop: "default",
    ...(Object.hasOwn(inputs, "index") ? ends : {}),
  });
  await built.close();
}

/**
 * Whether a module imports another, or what it imports does.
 *
 * @param {string} from @param {string} to @param {import("rollup").GetModuleInfo} infoOf @param {Set<string>} [seen]
 * @returns {boolean}
 */
function reaches(from, to, infoOf, seen = new Set()) {
  if (from === to) return true;
  seen.add(from);
  const imported = infoOf(from)?.importedIds ?? [];
  return imported.some((id) => !seen.has(id) && reaches(id, to, infoOf, seen));
}

/** @param {string} stamp @returns {import("rollup").Plugin} */
function fromTypeScript(stamp) {
  return {
    name: "from-typescript",
    resolveId: (id, from) =>
      from !== undefined && id.startsWith(".")
        ? path.join(path.dirname(from), id.replace(/\.js$/, ".ts"))
        : undefined,
    transform(source, file) {
      const code = toJavaScript(source).replace("@@BUILD_STAMP@@", stamp).replace("@@VERSION@@", version);
      // What is required is loaded late: a file of its own, beside the one that requires it.
      return code.replace(/\brequire\("(\..+)"\)/g, (_, /** @type {string} */ required) => {
        const id = path.join(path.dirname(file), required.replace(/\.js$/, ".ts"));
        const program = Object.entries(programs).find(([, input]) => path.join(lib, input) === id)?.[0];
        const fileName = `${program ?? path.basename(id, ".ts")}.js`;
        if (program === undefined)
          this.emitFile({ type: "chunk", id, fileName, preserveSignature: "allow-extension" });
        return `require("./${fileName}")`;
      });
    },
  };
}

/** In ASCII, which engines read faster. @param {string} source */
function toJavaScript(source) {
  const { target, module } = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  const compilerOptions = { target, module, removeComments: true };
  return ts
    .transpileModule(source, { compilerOptions })
    .outputText.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const stamp = stampOfSources();
if (!process.argv.includes("--if-stale") || stampOfBuild() !== stamp) {
  build(stamp).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
