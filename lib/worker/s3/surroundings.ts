import { AsyncLocalStorage } from "node:async_hooks";
import type childProcess from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { isRead } from "../../arguments/environment.js";
import type { Environment } from "../../bridge/protocol.js";

/** The variables that code running in an environment sees. */
interface Inside {
  readonly env: NodeJS.ProcessEnv;
  /** The same with the real files, for other programs, which cannot read the texts. */
  readonly ofPrograms: NodeJS.ProcessEnv;
}

/**
 * The environment of a map's first request, for the SDK. The SDK's client is created when it is first needed, which may
 * be long after that request. It reads `process.env` and the shared configuration files at unpredictable times.
 */
export class Surroundings {
  readonly environment: Environment;
  readonly #profile: string | undefined;
  #inside: Inside | undefined;
  #files: string[] = [];

  /**
   * @param profile - the option `profile`. The SDK reads some settings only from the profile that AWS_PROFILE names.
   */
  constructor(environment: Environment, profile?: string) {
    this.environment = environment;
    this.#profile = profile;
  }

  /** Runs `work` and everything it starts with this environment's `process.env` and shared configuration files. */
  run<T>(work: () => T): T {
    return within().run((this.#inside ??= this.#make()), work);
  }

  /** Releases the files. They are created again when `run` is called again. */
  close(): void {
    for (const file of this.#files) release(file);
    this.#files = [];
    this.#inside = undefined;
  }

  #make(): Inside {
    const { variables, config, credentials } = this.environment;
    const others = Object.entries(programEnv).filter(([name]) => !isRead(name));
    this.#files = [holdAsFile("config", config), holdAsFile("credentials", credentials)];
    const [AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE] = this.#files;
    // The program's other variables, such as PATH, are for the programs that the SDK may start.
    const ofPrograms = { ...Object.fromEntries(others), ...variables };
    const env: NodeJS.ProcessEnv = { ...ofPrograms, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE };
    if (this.#profile !== undefined) env["AWS_PROFILE"] = this.#profile;
    return { ofPrograms, env };
  }
}

const programEnv = process.env;

let storage: AsyncLocalStorage<Inside> | undefined;

// The storage is not created before the SDK is needed, because it makes every promise a little slower.
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

/** Texts that the SDK reads as files. */
const texts = new Map<string, { text: string; users: number }>();

// The SDK caches file contents by name, so each text has its own name. No real file can have this name: the path leads
// through this source file, which is not a directory.
function holdAsFile(name: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
  const file = path.join(__filename, `${name}-${digest}`);
  const kept = texts.get(file) ?? { text, users: 0 };
  kept.users += 1;
  texts.set(file, kept);
  return file;
}

function release(file: string): void {
  const kept = texts.get(file);
  if (kept !== undefined && --kept.users === 0) texts.delete(file);
}

// The SDK caches this promise, which therefore must not hold the text.
function read(file: string): PromiseLike<string> {
  const text = (): Promise<string> => {
    const kept = texts.get(file);
    return kept === undefined
      ? Promise.reject(new Error("the text was released"))
      : Promise.resolve(kept.text);
  };
  return { then: (...callbacks) => text().then(...callbacks) };
}

/**
 * Makes the SDK read the texts. Must be called before the SDK is loaded, because its packages keep the function they
 * find.
 */
export function replaceReadFile(): void {
  const { readFile } = fs.promises;
  fs.promises.readFile = ((file: string, ...others: []) =>
    texts.has(file) ? read(file) : readFile(file, ...others)) as typeof readFile;
}

/**
 * Makes the SDK start the programs of `credential_process` in the map's environment. Must be called before the SDK is
 * loaded. Such a program (the AWS CLI, aws-vault, saml2aws) reads the shared configuration files itself.
 */
export function replaceExec(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loading it takes milliseconds
  const programs = require("node:child_process") as typeof childProcess;
  const { exec } = programs;
  const execAsync = promisify(exec);
  const env = (): NodeJS.ProcessEnv => storage?.getStore()?.ofPrograms ?? programEnv;
  programs.exec = Object.assign(exec.bind(undefined), {
    [promisify.custom]: (command: string) => execAsync(command, { env: env() }),
  });
}
