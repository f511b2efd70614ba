let hooks: typeof import("node:perf_hooks") | undefined;

/** The clock that Jest's fake timers leave alone. It is loaded when it is first asked: an import of the library need not wait for it. */
export function clock(): typeof performance {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it with this file
  return (hooks ??= require("node:perf_hooks") as typeof import("node:perf_hooks")).performance;
}
