import fs from "node:fs";
import path from "node:path";
import type { RawRequest } from "../../local/request.js";
import type { LocalResponse, LocalS3Handler } from "../../local/handler.js";

interface Open {
  readonly real: string;
  readonly handler: LocalS3Handler;
  users: number;
}

// By real path, because a directory has one store, however many paths lead to it.
const open = new Map<string, Open>();

/**
 * The local S3 in a directory. The path is resolved at each request. Handlers are shared between users of the same
 * directory, and the last user closes the handler.
 */
export class LocalDirectory {
  readonly metadata: { handlerProtocol: string } = { handlerProtocol: "http/1.1" };
  readonly #path: string;
  #open: Open | undefined;

  constructor(directory: string) {
    this.#path = directory;
  }

  async handle(
    request: RawRequest,
    options: { abortSignal?: { readonly aborted: boolean } | undefined } = {},
  ): Promise<{ response: LocalResponse }> {
    const real = realPath(this.#path);
    if (this.#open?.real !== real) {
      this.destroy();
      this.#open = enter(real);
    }
    return this.#open.handler.handle(request, options);
  }

  /** Requests in flight are still carried out. */
  destroy(): void {
    const left = this.#open;
    this.#open = undefined;
    if (left === undefined || --left.users > 0) return;
    open.delete(left.real);
    left.handler.destroy();
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  updateHttpClientConfig(): void {}
}

function enter(real: string): Open {
  let found = open.get(real);
  if (found === undefined) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for every map
    const { LocalS3Handler } = require("../../local/handler.js") as typeof import("../../local/handler.js");
    found = { real, handler: new LocalS3Handler({ directory: real, createBuckets: true }), users: 0 };
    open.set(real, found);
  }
  found.users += 1;
  return found;
}

// This works even for a directory that does not exist yet.
function realPath(directory: string): string {
  try {
    return fs.realpathSync.native(directory);
  } catch (error) {
    const parent = path.dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === directory) return directory;
    return path.join(realPath(parent), path.basename(directory));
  }
}
