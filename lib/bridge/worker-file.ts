import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import vm from "node:vm";
import { fileOfCode, isBundled, whereToLook, workerFile } from "../library-folder.js";

/** The names that the worker's file may have beside a bundle. */
const names = ["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"];

/** How far above the bundle the file is looked for. Outputs have subfolders for handlers, chunks or assets. */
const FOLDERS_ABOVE = 3;

const INSTALL_AGAIN = "Install s3bucketmap again.";

// Programs are seldom built where they run, so the command cannot name the folder.
const BUILD_WORKER =
  "run this where the bundle is built: npx --yes esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --out-extension:.js=.cjs --outdir=FOLDER-OF-THE-BUNDLE";

const MORE = "docs/bundlers.md of the package has the rest.";

/** The settings that keep the library out of a bundle, by bundler. */
const settings = {
  next: 'serverExternalPackages: ["s3bucketmap"] in the configuration of Next.js',
  webpack: 'webpack: target: "node", externals: [/^s3bucketmap/], externalsType: "node-commonjs"',
  ncc: "ncc: --external s3bucketmap --external s3bucketmap/layers",
  other: "esbuild: --external:s3bucketmap; rollup: external: [/^s3bucketmap/]",
};

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
 * the bundle or a few folders above, or in a package that `require` finds from there.
 *
 * @throws WorkerFileError
 */
export function findWorkerFile(): string {
  if (!isBundled()) {
    if (fs.existsSync(workerFile)) return workerFile;
    throw new WorkerFileError(`${workerFile} is missing`, INSTALL_AGAIN);
  }
  const from = whereToLook();
  const folder = path.dirname(from);
  const folders = foldersToSearch(folder);
  const found = folders
    .flatMap((each) => names.map((name) => path.join(each, name)))
    .find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  try {
    return module.createRequire(from).resolve("s3bucketmap/worker");
  } catch {
    const bundle = fileOfCode() ?? "code whose file is unknown";
    throw new WorkerFileError(
      `s3bucketmap is bundled in ${bundle}, but ${names[0]} is not in ${folder}${aboveOf(folders)}, and the package is not installed`,
      `Keep it out of the bundle (${settings[bundlerName()]}) and install it, or ${BUILD_WORKER}. ${MORE}`,
    );
  }
}

function aboveOf({ length }: readonly string[]): string {
  if (length === 1) return "";
  return length === 2 ? " or the folder above" : ` or the ${length - 1} folders above`;
}

/** A folder and those above, up to the nearest with a package.json. */
function foldersToSearch(folder: string, above = FOLDERS_ABOVE): string[] {
  const parent = path.dirname(folder);
  if (above === 0 || parent === folder || fs.existsSync(path.join(folder, "package.json"))) return [folder];
  return [folder, ...foldersToSearch(parent, above - 1)];
}

/** The error for a worker's file that is from another build than this code. */
export function anotherBuild(file: string, message: string): WorkerFileError {
  if (isBesideBundle(file)) return new WorkerFileError(message, `To build it again, ${BUILD_WORKER}.`);
  const todo = isBundled()
    ? "Bundle the program again, with the version that is installed where it runs."
    : "Restart the program.";
  return new WorkerFileError(message, todo);
}

function isBesideBundle(file: string): boolean {
  return names.includes(path.basename(file));
}

/**
 * Finds what is wrong with a worker's file whose thread ended without reporting an error. Node reports a thread's
 * errors through the event loop, which does not turn while a call waits, so the file itself is examined.
 */
export function faultOf(file: string): WorkerFileError | undefined {
  const folder = path.dirname(file);
  const again = isBesideBundle(file) ? `To build it again, ${BUILD_WORKER}.` : INSTALL_AGAIN;
  let source: string;
  try {
    source = fs.readFileSync(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const todo = code === "ENOENT" ? again : adviceOn(code);
    return new WorkerFileError(`the worker's file cannot be read: ${message}`, todo, { cause });
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
  // Of the package's files, only the worker's has this string (worker/ends.ts), and minifiers keep strings. But a bundler
  // may have moved it to another file, which this one loads.
  if (!source.includes("last words") && !source.includes("./")) {
    return new WorkerFileError(`the worker's file ${file} is not the worker of s3bucketmap`, again);
  }
  const manifest = file.endsWith(".js") ? manifestOf(folder) : undefined;
  if (manifest === undefined || !isOfModules(manifest)) return undefined;
  return new WorkerFileError(
    `the worker's file ${file} is CommonJS, but Node runs it as an ES module, because ${manifest} has "type": "module"`,
    isBesideBundle(file) ? `Name it ${names[0]}.` : INSTALL_AGAIN,
  );
}

/** What to do about a file that exists and cannot be read. */
function adviceOn(code: string | undefined): string {
  return code === "EMFILE" || code === "ENFILE"
    ? "The process has too many open files: close some, or raise the limit (ulimit -n)."
    : "This program must be able to read the file.";
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

// The function by which webpack's modules load each other. Only webpack, and ncc, which uses webpack, know the name. ncc
// adds `ab`, the folder of its output.
declare const __webpack_require__: { ab?: string };

function bundlerName(): keyof typeof settings {
  if (process.env["NEXT_RUNTIME"] !== undefined) return "next";
  if (typeof __webpack_require__ === "undefined") return "other";
  return __webpack_require__.ab === undefined ? "webpack" : "ncc";
}
