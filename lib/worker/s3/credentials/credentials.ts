import { sharedTexts } from "../../../arguments/environment.js";
import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import { refusedCredentials } from "../../../errors/codes.js";
import { chain } from "../sdk.js";
import type { Connections } from "../transport/connections.js";
import type { Credentials } from "./identity.js";
import { limits } from "../limits.js";
import { loading } from "../loading.js";
import { readPlainProfile } from "./plain-profile.js";
import { Surroundings } from "../surroundings.js";
import { isRefusal } from "../attempts/ambiguous.js";
import { giverOf, profileName, writtenCredentials } from "./written-credentials.js";

/** What a request was signed with. */
export interface Use {
  readonly version: number;
  /** How many readings had begun by then. */
  readonly readings: number;
}

/** S3's no, as the SDK throws it. */
export interface Refused extends Error {
  $metadata?: { httpStatusCode?: number; attempts?: number };
  credentialsGiven?: "option" | "environment";
}

/** What the SDK's chain is told of the client that it is for. */
export type ChainInput = Exclude<Parameters<typeof chain.defaultProvider>[0], undefined>;

/** The SDK's chain of credentials, and the shared configuration files as it sees them. */
interface Chain {
  readonly provide: ReturnType<typeof chain.defaultProvider>;
  readonly input: ChainInput;
  readonly surroundings: Surroundings;
  /** Whether it has loaded what it needs. */
  hasProvided: boolean;
}

/** A file that is being written is read again after so long, until it stays as it is. */
const SETTLED_MS = 10;
const MOST_LOOKS = 20;

/**
 * The credentials of a map. Variables, profile and the names of the files are those of its first request; what they lead
 * to is read again where S3 refuses it, or where it leads to nothing. Credentials come from one reading, whole.
 */
export class MapCredentials {
  /** Who gave those that stay as they are. */
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

  /** Those that are written down, where it takes no SDK to know. */
  get written(): Credentials | undefined {
    return this.#written;
  }

  /** Of a request that is signed now. */
  get use(): Use {
    return { version: this.#version, readings: this.#readings + (this.#reading === undefined ? 0 : 1) };
  }

  /** Lets the SDK's client, which calls this when it is made, have the same credentials as direct attempts. */
  readonly forClient = (input: ChainInput): (() => Promise<Credentials>) => {
    if (this.#chain === undefined) this.#input = input;
    return () => this.get();
  };

  async get(): Promise<Credentials> {
    if (this.#written !== undefined) return this.#written;
    const chain = (this.#chain ??= this.#chainIn(this.#surroundings));
    try {
      const credentials = await provide(chain);
      if (chain === this.#chain) this.#note(credentials);
      return credentials;
    } catch (error) {
      // They may have been written down only now. The chain itself does not remember that it has found none.
      if (chain === this.#chain && !(await this.#hasMoved(chain))) throw error;
      await this.#readOnce();
      if (chain === this.#chain) throw this.#whyNot ?? error;
      return provide(this.#chain);
    }
  }

  /**
   * Reads the credentials again after an error that says that S3 does not take those of a request, once for all
   * requests that were signed with them.
   *
   * @returns whether there are others now; otherwise the error says why not
   */
  async renewAfter(error: Refused, use: Use): Promise<boolean> {
    // Those that were read while somebody wrote them may be half the old ones.
    const isHalf = error.name === "SignatureDoesNotMatch" && use.version > 0;
    if (!refusedCredentials.has(error.name) && !isHalf) return false;
    if (!isRefusal(error.$metadata?.httpStatusCode ?? 0)) return false;
    if (this.given !== undefined) {
      error.credentialsGiven = this.given;
      return false;
    }
    // One that had begun before the request was signed may have been too early.
    while (use.version === this.#version && this.#readings <= use.readings) await this.#readOnce();
    if (use.version !== this.#version) return true;
    if (this.#whyNot !== undefined)
      error.message = `${error.message.replace(/[. ]+$/, "")}; reading the credentials again: ${this.#whyNot.message}`;
    return false;
  }

  /** Lets go of files. They are there again when they are needed. */
  close(): void {
    this.#chain?.surroundings.close();
  }

  #readOnce(): Promise<void> {
    return (this.#reading ??= this.#readAgain().finally(() => (this.#reading = undefined)));
  }

  // The old ones stay where there are no new ones: S3 says best what is wrong with them.
  async #readAgain(): Promise<void> {
    const { variables } = this.#surroundings.environment;
    const environment = { variables, ...(await settledFiles(variables)) };
    const chain = this.#chainIn(new Surroundings(environment, this.#settings.profile));
    try {
      const credentials = await provide(chain);
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
    // For the clients of SSO and STS, which may have to go by a proxy as well.
    const clientConfig = {
      get requestHandler() {
        return requestHandlerOf(connections);
      },
    };
    // A copy: the SDK keeps in it what it has made for this chain.
    const input = { ...(this.#input ??= this.#predictedInput()), clientConfig } as ChainInput;
    const provide = surroundings.run(() => chain.defaultProvider(input));
    return { provide, input, surroundings, hasProvided: false };
  }

  // What a client would say, where none has been made.
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
    return input as unknown as ChainInput;
  }
}

/** The settings of the SDK's own handler. */
export function requestHandlerOf(connections: Connections) {
  return {
    connectionTimeout: limits.connectMs,
    socketTimeout: limits.idleMs,
    httpAgent: connections.httpAgent,
    httpsAgent: connections.httpsAgent,
  };
}

function provide(chain: Chain): Promise<Credentials> {
  const { parentClientConfig } = chain.input as { parentClientConfig?: unknown };
  const identity = { callerClientConfig: parentClientConfig } as Parameters<Chain["provide"]>[0];
  const ask = (): Promise<Credentials> => chain.surroundings.run(() => chain.provide(identity));
  if (chain.hasProvided) return ask();
  return loading(ask).finally(() => (chain.hasProvided = true));
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

/** The SDK's chain says less to a logger of this name. */
class NoOpLogger {
  trace(): void {}
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}
