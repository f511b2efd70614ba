import module from "node:module";
import { argumentError } from "../errors/errors.js";
import { whereToLook } from "../library-folder.js";

interface Deasync {
  loopWhile(condition: () => boolean): void;
}

let deasync: Deasync | undefined;

/** Loads the optional native addon. Throws what `require` throws. */
export function loadDeasync(): Deasync {
  // Bundlers follow a plain `require`. A native addon does not work in a bundle, and webpack warns about this one.
  deasync ??= module.createRequire(whereToLook())("deasync") as Deasync;
  return deasync;
}

/** @throws TypeError if `wait: "deasync"` cannot work here */
export function checkDeasync(): void {
  // Loading deasync proves nothing: Bun loads it, and then the first wait aborts the process.
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    throw argumentError(
      `The option wait: "deasync" works only on Node, because deasync runs Node's own event loop, which ${bun === undefined ? "Deno" : "Bun"} does not have. ` +
        'Use wait: "atomics", the default.',
    );
  }
  try {
    loadDeasync();
  } catch (cause) {
    throw Object.assign(
      argumentError(
        'The option wait: "deasync" requires the optional package deasync, which could not be loaded. Run npm install deasync. ' +
          "If npm does not run install scripts, then run npm rebuild deasync, too. " +
          "The package has prebuilt files for x64 Linux, macOS and Windows. " +
          'Or use wait: "atomics", the default, which needs no package.',
      ),
      { cause },
    );
  }
}
