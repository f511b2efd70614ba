import module from "node:module";
import { argumentError } from "../errors/errors.js";
import { fileOfCode } from "../library-folder.js";

interface Deasync {
  loopWhile(condition: () => boolean): void;
}

let deasync: Deasync | undefined;

/** Loads the optional native addon, or throws what `require` throws. */
export function loadDeasync(): Deasync {
  // Bundlers follow a plain `require`. A native addon in a bundle does not work, and webpack warns of this one.
  deasync ??= module.createRequire(fileOfCode())("deasync") as Deasync;
  return deasync;
}

/** @throws TypeError if `wait: "deasync"` cannot work here */
export function checkDeasync(): void {
  // Trying does not tell: Bun loads deasync, and the first wait aborts the process.
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
