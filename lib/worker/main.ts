import { sayLastWords } from "./ends.js"; // Must be first.
import { workerData } from "node:worker_threads";
import type { FromWorker, WorkerStart } from "../bridge/messages.js";
import { buildStamp } from "../build-stamp.js";
import { module } from "./late.js";
import { serve } from "./message-loop.js";

const start = workerData as WorkerStart;
const { port, signal } = start;

// The SDK warns about Node versions that it will drop. The versions that this library supports are in package.json.
const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
process.emitWarning = (...args: unknown[]): void => {
  if (!String(args[0]).includes("NodeVersionSupportWarning")) emitWarning(...args);
};

// An ES module: a bundler was told to make one of it. It could not serve every call. The calling thread says so, once it
// has looked at the file (bridge/worker-file.ts).
if (typeof __filename !== "string") process.exit(1);

try {
  if (start.buildStamp !== buildStamp) {
    throw new Error(
      "the worker is of another build of s3bucketmap than the program: start the program again, or bundle it again",
    );
  }
  // Workers inherit NODE_COMPILE_CACHE, but not a cache that the program has enabled by a call.
  if (start.compileCache !== undefined) {
    (module as { enableCompileCache?(directory: string): unknown }).enableCompileCache?.(start.compileCache);
  }
  serve(port, signal);
  port.postMessage({ type: "ready" } satisfies FromWorker);
} catch (error) {
  sayLastWords(error);
  process.exit(1);
}
