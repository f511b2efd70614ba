import { runInNewContext } from "node:vm";

/** The name that identifies a wait on the JavaScript stack. It is a string so that minifiers keep it. */
export const WAIT_MARK = "s3bucketmap:wait";

/**
 * Runs a function in a frame of this name. Ctrl-C at a prompt unwinds the stack without running `finally`. So the
 * JavaScript stack is what says whether a function still runs.
 */
export function inFrame<T>(name: string, run: () => T): T {
  const frame = (): T => run();
  return Object.defineProperty(frame, "name", { value: name })();
}

/** How many functions of this name are on the JavaScript stack. */
export function countFrames(name: string): number {
  return functionsOnStack().filter((found) => found === name).length;
}

/** The names of the functions on the JavaScript stack, innermost first. */
export function functionsOnStack(): (string | null)[] {
  return frames().map((frame) => frame.getFunctionName());
}

/**
 * The file of the library's own code that calls this: a path, or a `file:` URL. Undefined, or another string, if the
 * code was evaluated.
 */
export function ownFile(): string | undefined {
  const [, , caller] = frames();
  return caller?.getFileName() ?? undefined;
}

function frames(): NodeJS.CallSite[] {
  errorOfAnotherRealm ??= makeErrorOfAnotherRealm();
  // The type says string, but prepareStackTrace below returns an array.
  return new errorOfAnotherRealm().stack as unknown as NodeJS.CallSite[];
}

let errorOfAnotherRealm: ErrorConstructor | undefined;

// To read the stack, stackTraceLimit and prepareStackTrace of an Error constructor have to be changed. Those of the
// program's Error may be frozen (`node --frozen-intrinsics`), and Ctrl-C could strike before they are set back. The Error
// of another realm sees the same stack, and nobody else uses it.
function makeErrorOfAnotherRealm(): ErrorConstructor {
  const error = runInNewContext("Error") as ErrorConstructor;
  error.stackTraceLimit = Infinity;
  error.prepareStackTrace = (_error, found) => found;
  return error;
}

/** Identifies this copy of the library among those in the program. */
export const thisCopy: string = Math.random().toString(36).slice(2);
