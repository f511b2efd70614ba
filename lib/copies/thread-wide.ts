import vm from "node:vm";

const isRealProcessExiting = vm.runInThisContext(
  `() => typeof process === "object" && process._exiting === true`,
) as () => boolean;

/** Whether the process has told its exit handlers that it ends. A test framework's realms have a copy of it that does not know. */
export function isExiting(): boolean {
  return isRealProcessExiting();
}

/**
 * One value for the whole thread, whichever copy of the library asks: a program can hold several, and a test framework
 * loads one into each of its realms.
 *
 * @param name - with a version, to be raised when the value changes
 * @param source - an expression that makes the value, evaluated in the main realm, so that no other is kept alive
 */
export function threadWide<T extends object>(name: string, source: string): T {
  return vm.runInThisContext(`(() => {
    const key = Symbol.for(${JSON.stringify(`s3bucketmap.${name}`)});
    if (globalThis[key] === undefined) Object.defineProperty(globalThis, key, { value: ${source} });
    return globalThis[key];
  })()`) as T;
}
