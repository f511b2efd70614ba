import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fileOfCaller } from "../copies/stack-frames.js";
import { isBundled, workerFile } from "../library-folder.js";

/** The names that it may have beside a bundle. */
const names = ["s3bucketmap-worker.cjs", "s3bucketmap-worker.js"];

/** The worker's file is missing. */
export class NoWorkerFile extends Error {
  /** What to do about it. */
  readonly todo: string;

  constructor(message: string, todo: string) {
    super(message);
    this.todo = todo;
  }
}

/**
 * What the worker thread is to run: a file of the package. A bundle has it beside itself, or the package is installed where
 * `require` finds it from there.
 *
 * @throws NoWorkerFile
 */
export function findWorkerFile(): string {
  if (!isBundled()) {
    if (fs.existsSync(workerFile)) return workerFile;
    throw new NoWorkerFile(`${workerFile} is missing`, "Install s3bucketmap again.");
  }
  const bundle = bundleFile();
  const folder = path.dirname(bundle);
  const found = names.map((name) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  try {
    return module.createRequire(bundle).resolve("s3bucketmap/worker");
  } catch {
    const where = `${path.join(folder, names[0]!)} does not exist, and require finds no s3bucketmap/worker from there`;
    throw new NoWorkerFile(`a bundler has made s3bucketmap part of ${bundle}; ${where}`, whatToWrite(folder));
  }
}

/** The file of this code, or the program's where this code was evaluated and is in no file. */
function bundleFile(): string {
  const file = fileOfCaller() ?? "";
  if (file.startsWith("file:")) return fileURLToPath(file);
  return path.isAbsolute(file) ? file : path.resolve(process.argv[1] ?? "bundle.js");
}

function whatToWrite(folder: string): string {
  return (
    `Keep s3bucketmap out of the bundle (${settings[bundlerName()]}) and install it beside the output. ` +
    "Or build its worker into the bundle's folder: " +
    `npx esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`
  );
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
