let hooks: typeof import("node:perf_hooks") | undefined;

/** A clock that Jest's fake timers do not replace. Loaded late, so that importing the library stays fast. */
export function clock(): typeof performance {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  return (hooks ??= require("node:perf_hooks") as typeof import("node:perf_hooks")).performance;
}
