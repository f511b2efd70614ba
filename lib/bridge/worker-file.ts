import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { fileOfCode, isBundled, workerFile } from "../library-folder.js";

/** The names that it may have beside a bundle. */
const names = ["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"];

const INSTALL_AGAIN = "Install s3bucketmap again.";

/** The worker's file is missing, or cannot run. */
export class WorkerFileError extends Error {
  /** What to do about it. */
  readonly todo: string;

  constructor(message: string, todo: string, options?: ErrorOptions) {
    super(message, options);
    this.todo = todo;
  }
}

/**
 * What the worker thread is to run: a file of the package. A bundle has it beside itself, or the package is installed where
 * `require` finds it from there.
 *
 * @throws WorkerFileError
 */
export function findWorkerFile(): string {
  if (!isBundled()) {
    if (fs.existsSync(workerFile)) return workerFile;
    throw new WorkerFileError(`${workerFile} is missing`, INSTALL_AGAIN);
  }
  const bundle = fileOfCode();
  const folder = path.dirname(bundle);
  const found = names.map((name) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  try {
    return module.createRequire(bundle).resolve("s3bucketmap/worker");
  } catch {
    const where = `${path.join(folder, names[0]!)} does not exist, and require finds no s3bucketmap/worker from there`;
    throw new WorkerFileError(
      `a bundler has made s3bucketmap part of ${bundle}; ${where}`,
      whatToWrite(folder),
    );
  }
}

/**
 * What is wrong with a worker's file whose thread has ended without saying why: a thread hands its errors to the event loop,
 * which does not turn while a call waits. So the file is looked at.
 */
export function faultOf(file: string): WorkerFileError | undefined {
  const folder = path.dirname(file);
  const isBesideBundle = names.includes(path.basename(file));
  const again = isBesideBundle ? `Build it alone: ${command(folder)}` : INSTALL_AGAIN;
  let source: string;
  try {
    source = fs.readFileSync(file, "utf8");
  } catch (cause) {
    return new WorkerFileError(`the worker's file cannot be read: ${(cause as Error).message}`, again, {
      cause,
    });
  }
  if (source.trim() === "") return new WorkerFileError(`the worker's file ${file} is empty`, again);
  try {
    vm.compileFunction(source.replace(/^#!.*/, ""), ["exports", "require", "module"], { filename: file });
  } catch (cause) {
    const { message } = cause as Error;
    const what = /\b(import|export)\b/.test(message)
      ? "is an ES module, and must be CommonJS"
      : `cannot be parsed: ${message}`;
    return new WorkerFileError(`the worker's file ${file} ${what}`, again, { cause });
  }
  const manifest = file.endsWith(".js") ? manifestOf(folder) : undefined;
  if (manifest === undefined || !isOfModules(manifest)) return undefined;
  return new WorkerFileError(
    `the worker's file ${file} is CommonJS, but taken for an ES module, because ${manifest} has "type": "module"`,
    isBesideBundle ? `Name it ${names[0]}.` : INSTALL_AGAIN,
  );
}

/** The package.json by which Node decides what a file in this folder is. */
function manifestOf(folder: string): string | undefined {
  if (path.basename(folder) === "node_modules") return undefined;
  const manifest = path.join(folder, "package.json");
  if (fs.existsSync(manifest)) return manifest;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : manifestOf(parent);
}

function isOfModules(manifest: string): boolean {
  try {
    return (JSON.parse(fs.readFileSync(manifest, "utf8")) as { type?: unknown }).type === "module";
  } catch {
    return false;
  }
}

function whatToWrite(folder: string): string {
  return (
    `Keep s3bucketmap out of the bundle (${settings[bundlerName()]}) and install it beside the output. ` +
    `Or build its worker into the bundle's folder: ${command(folder)}`
  );
}

/** Builds the worker's file into a folder. */
function command(folder: string): string {
  return `npx esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`;
}

/** What keeps the library out of a bundle. */
const settings = {
  next: 'serverExternalPackages: ["s3bucketmap"] in the configuration of Next.js',
  // ncc is made of webpack.
  webpack:
    'externals: [/^s3bucketmap/], externalsType: "node-commonjs" for webpack, ' +
    "--external s3bucketmap --external s3bucketmap/layers for ncc",
  other:
    '--external:s3bucketmap for esbuild, external: [/^s3bucketmap/] for rollup, ssr: { external: ["s3bucketmap"] } for Vite',
};

// The function by which webpack's modules load each other. webpack knows the name, and no other tool does.
declare const __webpack_require__: unknown;

function bundlerName(): keyof typeof settings {
  if (process.env["NEXT_RUNTIME"] !== undefined) return "next";
  return typeof __webpack_require__ === "undefined" ? "other" : "webpack";
}
