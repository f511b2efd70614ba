import vm from "node:vm";

/**
 * Whether the process is running its exit handlers. Asks the real process, because the process object of a test
 * framework's realm does not know.
 */
export const isExiting = vm.runInThisContext(
  `() => typeof process === "object" && process._exiting === true`,
) as () => boolean;

/**
 * One value for the whole thread, shared by all copies of the library: a program can contain several, and a test framework
 * loads one into each realm.
 *
 * @param name - includes a version. Raise it when the shape of the value changes.
 * @param source - an expression for the initial value. It is evaluated in the main realm, so that no other is kept alive.
 */
export function threadWide<T extends object>(name: string, source: string): T {
  return vm.runInThisContext(`(() => {
    const key = Symbol.for(${JSON.stringify(`s3bucketmap.${name}`)});
    if (globalThis[key] === undefined) Object.defineProperty(globalThis, key, { value: ${source} });
    return globalThis[key];
  })()`) as T;
}
