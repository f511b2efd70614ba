import { wrongArgument } from "../errors/stack.js";

/** @throws TypeError where `wait: "deasync"` cannot work */
export function checkDeasync(): void {
  // Not left to a try: on Bun deasync does load, and its first wait aborts the whole process.
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    throw wrongArgument(
      `The option wait: "deasync" needs Node: deasync turns Node's own event loop, which ${bun === undefined ? "Deno" : "Bun"} does not have. ` +
        'wait: "atomics", the default, needs nothing.',
    );
  }
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only by those who wait this way
    (require("./deasync-wait.js") as typeof import("./deasync-wait.js")).loadDeasync();
  } catch (cause) {
    throw Object.assign(
      wrongArgument(
        'The option wait: "deasync" needs the optional package deasync, which could not be loaded: npm install deasync ' +
          "(where npm does not run install scripts: npm rebuild deasync; it has prebuilt files for x64 Linux, macOS and Windows). " +
          'wait: "atomics", the default, needs nothing.',
      ),
      { cause },
    );
  }
}
