/**
 * `node -r s3bucketmap/repl`, or `require("s3bucketmap/repl")` at the prompt. Facades are then echoed with their location and
 * first keys (1 LIST), and Tab completes their keys (1 small LIST). Typing sends nothing. In a program without Node's prompt,
 * the module does nothing.
 *
 * @example
 * $ node -r s3bucketmap/repl
 * > const bucket = require("s3bucketmap").s3Bucket("my-bucket")
 * > bucket.test<Tab>
 */
import type { REPLServer } from "node:repl";
import { isMainThread } from "node:worker_threads";
import { completeKeys } from "./completion.js";
import { echoFacades } from "./echo.js";
import { asPrompt } from "./prompt.js";

const attached = new WeakSet<REPLServer>();

function attach(repl: REPLServer): void {
  if (attached.has(repl)) return;
  attached.add(repl);
  const prompt = asPrompt(repl);
  echoFacades(prompt);
  completeKeys(prompt);
}

interface NodeRepl {
  /** The prompt of `node` itself, once there is one. */
  repl?: REPLServer;
}

// With `-r`, this module loads before the prompt. Require node:repl only if there will be one: it loads node:domain, which
// changes how a program's errors are handled.
function hasPrompt(): boolean {
  const asked = process.execArgv.some((flag) => flag === "-i" || flag === "--interactive");
  const { _eval } = process as { _eval?: string };
  return isMainThread && (asked || (process.argv[1] === undefined && _eval === undefined));
}

function attachWhenStarted(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  const module = require("node:repl") as NodeRepl;
  if (module.repl !== undefined) {
    attach(module.repl);
    return;
  }
  let started: REPLServer | undefined;
  Object.defineProperty(module, "repl", {
    configurable: true,
    enumerable: true,
    get: () => started,
    set(repl: REPLServer) {
      started = repl;
      // Node sets this before the prompt is complete.
      process.nextTick(attach, repl);
    },
  });
}

if (hasPrompt()) attachWhenStarted();
