import { AsyncLocalStorage } from "node:async_hooks";
import { isRead } from "../../arguments/environment.js";
import type { Environment } from "../../bridge/protocol.js";
import { texts } from "./credentials/file-texts.js";

/**
 * The environment of a map's first request, for the SDK. It is made when it is first needed, which may be long after, and
 * reads `process.env` and the shared configuration files whenever it pleases.
 */
export class Surroundings {
  readonly environment: Environment;
  readonly #profile: string | undefined;
  #inside: Inside | undefined;
  #files: string[] = [];

  /** @param profile - the option, which the SDK does not heed for all that it reads of the environment's profile */
  constructor(environment: Environment, profile?: string) {
    this.environment = environment;
    this.#profile = profile;
  }

  /** Runs `work`, and all that it begins, where `process.env` and the shared configuration files are those of that time. */
  run<T>(work: () => T): T {
    return within().run((this.#inside ??= this.#make()), work);
  }

  /** Lets go of the files. They are there again when something is run. */
  close(): void {
    for (const file of this.#files) texts.release(file);
    this.#files = [];
    this.#inside = undefined;
  }

  #make(): Inside {
    const { variables, config, credentials } = this.environment;
    const others = Object.entries(programEnv).filter(([name]) => !isRead(name));
    this.#files = [texts.keep("config", config), texts.keep("credentials", credentials)];
    const [AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE] = this.#files;
    // What else the program has, PATH for one, is for the programs that the SDK may start.
    const ofPrograms = { ...Object.fromEntries(others), ...variables };
    const env: NodeJS.ProcessEnv = { ...ofPrograms, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE };
    if (this.#profile !== undefined) env["AWS_PROFILE"] = this.#profile;
    return { ofPrograms, env };
  }
}

/** What `run` gives to what runs in it. */
interface Inside {
  readonly env: NodeJS.ProcessEnv;
  /** The same with the files that there are, for other programs. */
  readonly ofPrograms: NodeJS.ProcessEnv;
}

const programEnv = process.env;

let storage: AsyncLocalStorage<Inside> | undefined;

// Not before the SDK is needed: from then on, each promise costs a little more.
function within(): AsyncLocalStorage<Inside> {
  if (storage !== undefined) return storage;
  const made = (storage = new AsyncLocalStorage<Inside>());
  Object.defineProperty(process, "env", {
    get: () => made.getStore()?.env ?? programEnv,
    configurable: true,
    enumerable: true,
  });
  return made;
}

/** The environment of a program that is started now. */
export function environmentOfPrograms(): NodeJS.ProcessEnv {
  return storage?.getStore()?.ofPrograms ?? programEnv;
}
