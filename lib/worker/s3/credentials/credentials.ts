import { sharedTexts } from "../../../arguments/environment.js";
import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import { refusedCredentials } from "../../../errors/code-sets.js";
import { chain } from "../sdk.js";
import type { Connections } from "../transport/connections.js";
import { limits } from "../limits.js";
import { loading } from "../loading.js";
import { readPlainProfile } from "./shared-files.js";
import { Surroundings } from "../surroundings.js";
import { isRejection } from "../attempts/ambiguous.js";
import { statusOf } from "../sdk-errors.js";
import type { SdkError } from "../sdk-errors.js";
import { giverOf, profileName, writtenCredentials } from "./written-credentials.js";
import type { Credentials } from "./written-credentials.js";

/** Which credentials a request was signed with. */
export interface Use {
  readonly version: number;
  /** How many readings had begun when it was signed. */
  readonly readings: number;
}

/** What the SDK's chain gets to know about the client for which it finds credentials. */
export type ChainInput = Exclude<Parameters<typeof chain.defaultProvider>[0], undefined>;

/** The SDK's chain of credential providers, and the environment that it reads. */
interface Chain {
  readonly surroundings: Surroundings;
  provide(): Promise<Credentials>;
}

/** A program may be writing a file at this moment, so it is read again at this interval until it no longer changes. */
const SETTLED_MS = 10;
const MOST_LOOKS = 20;

/**
 * The credentials of a map. Variables, profile and file names are those of its first request. The files and services
 * that they name are read again if S3 rejects the credentials, or if there are none. Credentials of two readings are
 * never mixed.
 */
export class MapCredentials {
  /** The source of the credentials, if they never change. */
  readonly given: "option" | "environment" | undefined;
  readonly #settings: ClientConfig;
  readonly #surroundings: Surroundings;
  readonly #connections: Connections;
  #written: Credentials | undefined;
  #input: ChainInput | undefined;
  #chain: Chain | undefined;
  #last: Credentials | undefined;
  #version = 0;
  #readings = 0;
  #reading: Promise<void> | undefined;
  #whyNot: Error | undefined;

  constructor(settings: ClientConfig, surroundings: Surroundings, connections: Connections) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#connections = connections;
    this.given = giverOf(settings, surroundings.environment.variables);
    this.#written = this.#last = writtenCredentials(settings, surroundings.environment);
  }

  /** The credentials that were read without the SDK. */
  get written(): Credentials | undefined {
    return this.#written;
  }

  /** Identifies the credentials of a request that is signed now. */
  get use(): Use {
    return { version: this.#version, readings: this.#readings + (this.#reading === undefined ? 0 : 1) };
  }

  /** Provides the SDK's client, which calls this when it is created, with the same credentials as direct attempts. */
  readonly forClient = (input: ChainInput): (() => Promise<Credentials>) => {
    if (this.#chain === undefined) this.#input = input;
    return () => this.get();
  };

  async get(): Promise<Credentials> {
    if (this.#written !== undefined) return this.#written;
    const chain = (this.#chain ??= this.#chainIn(this.#surroundings));
    try {
      const credentials = await chain.provide();
      if (chain === this.#chain) this.#note(credentials);
      return credentials;
    } catch (error) {
      // Credentials may have been written in the meantime. The chain itself does not cache a failed search.
      if (chain === this.#chain && !(await this.#hasMoved(chain))) throw error;
      await this.#readOnce();
      if (chain === this.#chain) throw this.#whyNot ?? error;
      return this.#chain.provide();
    }
  }

  /**
   * Reads the credentials again if S3 has rejected those of a request, once for all requests that were signed with
   * them.
   *
   * @returns whether there are new credentials; otherwise the error says why not
   */
  async renewAfter(error: SdkError, use: Use): Promise<boolean> {
    // Credentials that were read while a program was writing them may be half old, half new.
    const isHalf = error.name === "SignatureDoesNotMatch" && use.version > 0;
    if (!refusedCredentials.has(error.name) && !isHalf) return false;
    if (!isRejection(statusOf(error) ?? 0)) return false;
    if (this.given !== undefined) {
      error.credentialsGiven = this.given;
      return false;
    }
    // A reading that had begun before the request was signed may have been too early.
    while (use.version === this.#version && this.#readings <= use.readings) await this.#readOnce();
    if (use.version !== this.#version) return true;
    if (this.#whyNot !== undefined)
      error.message = `${error.message.replace(/[. ]+$/, "")}; reading the credentials again failed: ${this.#whyNot.message}`;
    return false;
  }

  /** Releases files. They are created again when they are needed. */
  close(): void {
    this.#chain?.surroundings.close();
  }

  #readOnce(): Promise<void> {
    return (this.#reading ??= this.#readAgain().finally(() => (this.#reading = undefined)));
  }

  // If there are no new credentials, the old ones stay, because S3 explains best what is wrong with them.
  async #readAgain(): Promise<void> {
    const { variables } = this.#surroundings.environment;
    const environment = { variables, ...(await settledFiles(variables)) };
    const chain = this.#chainIn(new Surroundings(environment, this.#settings.profile));
    try {
      const credentials = await chain.provide();
      const old = this.#chain;
      this.#chain = chain;
      this.#written = undefined;
      this.#whyNot = undefined;
      this.#note(credentials);
      old?.surroundings.close();
    } catch (error) {
      this.#whyNot = error as Error;
      chain.surroundings.close();
    }
    this.#readings += 1;
  }

  async #hasMoved({ surroundings: { environment } }: Chain): Promise<boolean> {
    const { config, credentials } = await settledFiles(environment.variables);
    return config !== environment.config || credentials !== environment.credentials;
  }

  #note(credentials: Credentials): void {
    if (this.#last !== undefined && !areSame(this.#last, credentials)) this.#version += 1;
    this.#last = credentials;
  }

  #chainIn(surroundings: Surroundings): Chain {
    const connections = this.#connections;
    // The clients of SSO and STS may need the proxy as well.
    const clientConfig = {
      get requestHandler() {
        return requestHandlerOf(connections);
      },
    };
    // A copy, because the chain caches its results in this object.
    const input = { ...(this.#input ??= this.#predictedInput()), clientConfig } as ChainInput;
    const provider = surroundings.run(() => chain.defaultProvider(input));
    // The type of a chain's input leaves this member out.
    const { parentClientConfig } = input as { parentClientConfig?: unknown };
    const identity = { callerClientConfig: parentClientConfig } as Parameters<typeof provider>[0];
    const ask = (): Promise<Credentials> => surroundings.run(() => provider(identity));
    let hasLoaded = false;
    const provide = (): Promise<Credentials> =>
      hasLoaded ? ask() : loading(ask).finally(() => (hasLoaded = true));
    return { surroundings, provide };
  }

  // The input that the SDK's client would pass, for use before there is a client.
  #predictedInput(): ChainInput {
    const settings = this.#settings;
    const { variables, config, credentials } = this.#surroundings.environment;
    const connections = this.#connections;
    const client = {
      profile: settings.profile,
      region: (): Promise<string> => {
        const profile = readPlainProfile(profileName(settings, variables), config, credentials);
        return Promise.resolve(settings.region ?? variables["AWS_REGION"] ?? profile?.region ?? "us-east-1");
      },
      get requestHandler() {
        return requestHandlerOf(connections);
      },
      logger: new NoOpLogger(),
    };
    const input = { profile: settings.profile, logger: client.logger, parentClientConfig: client };
    // The type requires a whole client configuration, but the chain reads only these members.
    return input as unknown as ChainInput;
  }
}

/** The settings of the SDK's own HTTP handler. */
export function requestHandlerOf(connections: Connections) {
  return {
    connectionTimeout: limits.connectMs,
    socketTimeout: limits.idleMs,
    httpAgent: connections.httpAgent,
    httpsAgent: connections.httpsAgent,
  };
}

async function settledFiles(
  variables: Environment["variables"],
): Promise<Pick<Environment, "config" | "credentials">> {
  let before = sharedTexts(variables);
  for (let looks = 1; ; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    const now = sharedTexts(variables);
    const isSettled = now.config === before.config && now.credentials === before.credentials;
    if (isSettled || looks === MOST_LOOKS) return now;
    before = now;
  }
}

function areSame(one: Credentials, other: Credentials): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken
  );
}

/** The chain logs less if its logger's class has this name. */
class NoOpLogger {
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}
