import type {
  $Command,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { ClientConfig } from "../../bridge/protocol.js";
import { version } from "../../build-stamp.js";
import { reportTo } from "./attempts/watch-attempts.js";
import { Connections } from "./transport/connections.js";
import { MapCredentials } from "./credentials/credentials.js";
import { overHttp, throughHandler } from "./direct/exchange.js";
import { predictRoute, localRoute } from "./direct/predicted-route.js";
import type { Route, Way } from "./direct/route.js";
import { limits } from "./limits.js";
import { loading } from "./loading.js";
import { LocalDirectory } from "./local-directory.js";
import { logRequests } from "./transport/seen-requests.js";
import { hearDates, localClient, serviceClient } from "./sdk-client.js";
import { presigner } from "./sdk.js";
import { ServiceClock } from "./transport/service-clock.js";
import { SharedFiles } from "./credentials/shared-files.js";
import type { Surroundings } from "./surroundings.js";
import type { Task } from "./task.js";
import { profileName } from "./credentials/written-credentials.js";
import type { Credentials } from "./credentials/written-credentials.js";

type PresigningOptions = Parameters<typeof presigner.getSignedUrl>[2];

/** Identifies the library in a service's access logs. */
const userAgent = `s3bucketmap/${version} md/nodejs#${process.versions.node}`;

/** Sends requests with a map's settings. The SDK finds other settings in the map's environment. */
export class Client {
  /** How direct attempts are sent; undefined as long as that is unknown. */
  route: Route | undefined;
  /** Whether the requests are answered in this thread. */
  readonly isLocal: boolean;
  /** Undefined for the local S3, which needs no credentials. */
  readonly credentials: MapCredentials | undefined;
  readonly clock: ServiceClock = new ServiceClock();
  readonly #surroundings: Surroundings;
  readonly #directory: LocalDirectory | undefined;
  readonly #make: () => Promise<S3Client>;
  #made: Promise<S3Client> | undefined;
  #hasSent = false;

  /** @param known - the map's credentials, taken from its client for another region */
  constructor(settings: ClientConfig, surroundings: Surroundings, known?: MapCredentials) {
    logRequests();
    this.isLocal = settings.local !== undefined;
    this.#surroundings = surroundings;
    const learn = (route: Route | undefined): void => void (this.route = route);
    if (settings.local === undefined) {
      const { environment } = surroundings;
      const { variables } = environment;
      const bundle = new SharedFiles(environment).ofProfile(profileName(settings, variables), "ca_bundle");
      const network = bundle === undefined ? variables : { AWS_CA_BUNDLE: bundle.value, ...variables };
      const connections = new Connections(settings.concurrency, network);
      const credentials = known ?? new MapCredentials(settings, surroundings, connections);
      this.credentials = credentials;
      const way: Way = {
        exchangeWith: (server) => overHttp(server, connections, limits),
        signs: settings.anonymous !== true,
        credentials: () => credentials.get(),
        written: credentials.written,
      };
      this.route = predictRoute(settings, environment, userAgent, way);
      this.#make = () => serviceClient(settings, connections, userAgent, way, credentials, learn);
    } else {
      const directory = (this.#directory = new LocalDirectory(settings.local));
      const way: Way = {
        exchangeWith: () => throughHandler(directory),
        signs: false,
        credentials: () => Promise.reject(new Error("the local S3 needs no credentials")),
      };
      this.route = localRoute(settings, way);
      this.#make = () => localClient(directory, way, learn);
    }
  }

  /**
   * The SDK's client. Loading it takes longer than many programs run. So it is loaded at the first request that is not
   * sent directly, or that fails.
   */
  sdk(): Promise<S3Client> {
    return (this.#made ??= this.#load());
  }

  async #load(): Promise<S3Client> {
    try {
      const client = await loading(() => this.#surroundings.run(() => Promise.resolve().then(this.#make)));
      hearDates(client, this.clock);
      return client;
    } catch (error) {
      // A file that was missing may exist the next time.
      this.#made = undefined;
      throw error;
    }
  }

  /** Sends a command with the SDK. Its first attempt may be the replay of a direct attempt (direct/replay.ts). */
  async send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
    { signal, doubt }: Task,
  ): Promise<Output> {
    const client = await this.sdk();
    if (doubt !== undefined) reportTo(doubt, command);
    const send = (): Promise<Output> =>
      this.#surroundings.run(() => client.send(command, { abortSignal: signal }));
    if (this.#hasSent) return send();
    // The first request loads the SDK's credential providers.
    return loading(send).finally(() => (this.#hasSent = true));
  }

  /** Signs a link for a command. If a request has shown that this machine's clock is wrong, the time of S3 is used. */
  async presign(command: GetObjectCommand | PutObjectCommand, options: PresigningOptions): Promise<string> {
    const client = await this.sdk();
    const signingDate = new Date(Date.now() + client.config.systemClockOffset);
    return this.#surroundings.run(() => presigner.getSignedUrl(client, command, { ...options, signingDate }));
  }

  async region(): Promise<string> {
    const client = await this.sdk();
    return this.#surroundings.run(() => client.config.region());
  }

  /** The credentials that requests are signed with, and where the SDK found them. */
  async identity(): Promise<Credentials> {
    const client = await this.sdk();
    return this.#surroundings.run(() => client.config.credentials());
  }

  /** Whether checksums are sent with writes. */
  async sendsChecksums(): Promise<boolean> {
    const client = await this.sdk();
    const calculation = await this.#surroundings.run(() => client.config.requestChecksumCalculation());
    return calculation === "WHEN_SUPPORTED";
  }

  /** Releases the local S3's directory, and files. They are opened again when they are used again. */
  close(): void {
    this.credentials?.close();
    this.#directory?.destroy();
  }
}
