import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { fileOfCode, isBundled, workerFile } from "../library-folder.js";

/** The names that the worker's file may have beside a bundle. */
const names = ["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"];

const INSTALL_AGAIN = "Install s3bucketmap again.";

/** The worker's file is missing, or cannot run. */
export class WorkerFileError extends Error {
  /** Advice for the user. */
  readonly todo: string;

  constructor(message: string, todo: string, options?: ErrorOptions) {
    super(message, options);
    this.todo = todo;
  }
}

/**
 * The file that the worker thread runs. Without a bundler, it is a file of this package. With a bundler, it is beside
 * the bundle, or in a package that `require` finds from there.
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
    const where = `${path.join(folder, names[0]!)} does not exist, and require cannot find s3bucketmap/worker from there`;
    throw new WorkerFileError(
      `a bundler has included s3bucketmap in ${bundle}, but ${where}`,
      whatToWrite(folder),
    );
  }
}

/**
 * Finds what is wrong with a worker's file whose thread ended without reporting an error. Node reports a thread's
 * errors through the event loop, which does not turn while a call waits, so the file itself is examined.
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
      ? "is an ES module, but must be CommonJS"
      : `cannot be parsed: ${message}`;
    return new WorkerFileError(`the worker's file ${file} ${what}`, again, { cause });
  }
  const manifest = file.endsWith(".js") ? manifestOf(folder) : undefined;
  if (manifest === undefined || !isOfModules(manifest)) return undefined;
  return new WorkerFileError(
    `the worker's file ${file} is CommonJS, but Node runs it as an ES module, because ${manifest} has "type": "module"`,
    isBesideBundle ? `Name it ${names[0]}.` : INSTALL_AGAIN,
  );
}

/** The package.json by which Node decides whether a .js file in this folder is an ES module. */
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

/** The command that builds the worker's file into a folder. */
function command(folder: string): string {
  return `npx esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`;
}

/** The settings that keep the library out of a bundle, by bundler. */
const settings = {
  next: 'serverExternalPackages: ["s3bucketmap"] in the configuration of Next.js',
  // ncc uses webpack.
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
