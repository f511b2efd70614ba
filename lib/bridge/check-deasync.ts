import { argumentError } from "../errors/argument-error.js";

interface Deasync {
  loopWhile(condition: () => boolean): void;
}

let deasync: Deasync | undefined;

/** Loads the optional native addon. Throws what `require` throws where it cannot be loaded. */
export function loadDeasync(): Deasync {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional: loaded only when it is asked for
  deasync ??= require("deasync") as Deasync;
  return deasync;
}

/** @throws TypeError where `wait: "deasync"` cannot work */
export function checkDeasync(): void {
  // Not left to a try: on Bun deasync does load, and its first wait aborts the whole process.
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    throw argumentError(
      `The option wait: "deasync" needs Node: deasync turns Node's own event loop, which ${bun === undefined ? "Deno" : "Bun"} does not have. ` +
        'wait: "atomics", the default, needs nothing.',
    );
  }
  try {
    loadDeasync();
  } catch (cause) {
    throw Object.assign(
      argumentError(
        'The option wait: "deasync" needs the optional package deasync, which could not be loaded: npm install deasync ' +
          "(where npm does not run install scripts: npm rebuild deasync; it has prebuilt files for x64 Linux, macOS and Windows). " +
          'wait: "atomics", the default, needs nothing.',
      ),
      { cause },
    );
  }
}
