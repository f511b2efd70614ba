import { sdk } from "./sdk.js";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { ClientConfig } from "../../bridge/protocol.js";
import type { Connections } from "./transport/connections.js";
import { requestHandlerOf } from "./credentials/credentials.js";
import type { MapCredentials } from "./credentials/credentials.js";
import { boundAnswers, readPlainly } from "./body/sdk-answers.js";
import { learnRoute } from "./direct/route.js";
import type { Route, Way } from "./direct/route.js";
import { limits } from "./limits.js";
import type { LocalDirectory } from "./local-directory.js";
import { isAws } from "./direct/predicted-route.js";
import { renewCredentials } from "./credentials/renewal.js";
import { tellRequests } from "./transport/seen-requests.js";
import type { ServiceClock } from "./transport/service-clock.js";
import { watchAttempts } from "./attempts/watch-attempts.js";

type RequestHandler = Exclude<S3ClientConfig["requestHandler"], undefined>;
type Learn = (route: Route | undefined) => void;

/** The SDK's client for a service. */
export async function serviceClient(
  settings: ClientConfig,
  connections: Connections,
  userAgent: string,
  way: Way,
  mapCredentials: MapCredentials,
  learn: Learn,
): Promise<S3Client> {
  const { region, profile, credentials, endpoint, anonymous } = settings;
  const config: S3ClientConfig = {
    maxAttempts: limits.tries,
    retryMode: "standard",
    requestHandler: requestHandlerOf(connections),
    credentialDefaultProvider: mapCredentials.forClient,
    customUserAgent: userAgent.split(" ", 1)[0]!,
    // The SDK would send the body without waiting for a 100 response, and some proxies reject the Expect header with
    // 417.
    expectContinueHeader: false,
  };
  if (region !== undefined) config.region = region;
  if (profile !== undefined) config.profile = profile;
  if (credentials !== undefined) config.credentials = credentials;
  if (endpoint !== undefined) config.endpoint = endpoint;
  if (anonymous === true) {
    config.credentials = { accessKeyId: "anonymous", secretAccessKey: "anonymous" };
    config.signer = { sign: (request) => Promise.resolve(request) };
  }
  // The SDK resolves everything else from the environment and its files.
  const found = new sdk.S3Client(config).config;
  const asked = endpoint ?? (await found.serviceConfiguredEndpoint?.());
  // Other services seldom have a host name for each bucket.
  const isElsewhere = asked !== undefined && !(URL.canParse(asked) && isAws(new URL(asked).hostname));
  config.forcePathStyle = settings.forcePathStyle ?? isElsewhere;
  // us-east-1 redirects to the buckets of all regions. The redirect is followed once and remembered.
  if (region === undefined && !(await hasRegion(found))) config.region = "us-east-1";
  const client = new sdk.S3Client(config);
  watch(client, way, learn, false);
  renewCredentials(client, mapCredentials);
  return client;
}

/** The SDK's client for the local S3. */
export function localClient(directory: LocalDirectory, way: Way, learn: Learn): Promise<S3Client> {
  const client = new sdk.S3Client({
    requestHandler: directory as RequestHandler,
    endpoint: "http://local-s3",
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    signer: { sign: (request) => Promise.resolve(request) },
  });
  return Promise.resolve(watch(client, way, learn, true));
}

/**
 * Gives each request its own retry quota. The SDK has one quota for all requests of a client, so failing calls would
 * use up the retries of other calls.
 */
function tryEachAsOften({ config }: S3Client): void {
  const shared = config.retryStrategy;
  // The used part of the quota is stored in this derived object.
  config.retryStrategy = async () => Object.create(await shared()) as Awaited<ReturnType<typeof shared>>;
}

function watch(client: S3Client, way: Way, learn: Learn, isLocal: boolean): S3Client {
  tryEachAsOften(client);
  learnRoute(client, way, learn);
  watchAttempts(client, isLocal);
  // Must be added before boundAnswers, because it reads the bodies that boundAnswers has limited.
  readPlainly(client);
  boundAnswers(client);
  tellRequests(client);
  return client;
}

/** Passes the Date of each response to a clock. */
export function hearDates(client: S3Client, clock: ServiceClock): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      clock.hear(result.response as Parameters<ServiceClock["hear"]>[0]);
      return result;
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapClock" },
  );
}

async function hasRegion(config: S3Client["config"]): Promise<boolean> {
  try {
    return Boolean(await config.region());
  } catch {
    return false;
  }
}
