/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return -- an import would load them with this file */

/** Loads a module when it is first used, because the first requests of most programs do not need it. */
export function late<Exports extends object>(load: () => Exports): Exports {
  let loaded: Exports | undefined;
  return new Proxy({} as Exports, { get: (_, name) => (loaded ??= load())[name as keyof Exports] });
}

export const module = late<typeof import("node:module")>(() => require("node:module"));
export const https = late<typeof import("node:https")>(() => require("node:https"));
export const tls = late<typeof import("node:tls")>(() => require("node:tls"));
export const tty = late<typeof import("node:tty")>(() => require("node:tty"));
