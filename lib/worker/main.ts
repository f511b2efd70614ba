import { sayLastWords } from "./ends.js"; // Must be first.
import { workerData } from "node:worker_threads";
import { ANOTHER_BUILD } from "../bridge/messages.js";
import type { FromWorker, WorkerStart } from "../bridge/messages.js";
import { buildStamp, version } from "../build-stamp.js";
import { module } from "./late.js";
import { serve } from "./message-loop.js";

const start = workerData as WorkerStart;
const { port, signal } = start;

// The SDK warns about Node versions that it will stop supporting. package.json says which versions this library
// supports.
const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
process.emitWarning = (...args: unknown[]): void => {
  if (!String(args[0]).includes("NodeVersionSupportWarning")) emitWarning(...args);
};

// Without `__filename`, this file is an ES module: a bundler was told to create one. It could not serve every call. The
// calling thread examines the file and reports this (bridge/worker-file.ts).
if (typeof __filename !== "string") process.exit(1);

try {
  if (start.buildStamp !== buildStamp) {
    const [its, programs] = [
      `${version} (build ${buildStamp})`,
      `${start.version} (build ${start.buildStamp})`,
    ];
    throw Object.assign(
      new Error(
        `the worker's file ${__filename} is from s3bucketmap ${its}, but the program uses ${programs}`,
      ),
      { name: ANOTHER_BUILD },
    );
  }
  // Workers inherit NODE_COMPILE_CACHE, but not a cache that the program has enabled by calling enableCompileCache.
  if (start.compileCache !== undefined) {
    (module as { enableCompileCache?(directory: string): unknown }).enableCompileCache?.(start.compileCache);
  }
  serve(port, signal);
  port.postMessage({ type: "ready" } satisfies FromWorker);
} catch (error) {
  sayLastWords(error);
  process.exit(1);
}
