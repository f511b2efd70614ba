import { S3Client } from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import type { ClientConfig } from "../../bridge/protocol.js";
import { watchConnections } from "./connections.js";
import { overHttp } from "./first-try/exchange.js";
import type { Agents } from "./first-try/exchange.js";
import { learnRoute } from "./first-try/route.js";
import { throughHandler } from "./first-try/through-handler.js";
import { tellRequests } from "./request-log.js";
import { watchTries } from "./tries.js";

type RequestHandler = Exclude<S3ClientConfig["requestHandler"], undefined>;

/** Below the deadline of a call, no dead network blocks a try for longer than these. */
export const limits = {
  /** Until a connection stands. */
  connectMs: 5_000,
  /**
   * Without a byte on a connection, whoever's turn it is. The SDK only begins to look after the first 3 s of a
   * try, and never before with a limit of 6 s or more.
   */
  idleMs: 20_000,
  /** How often a request is sent at most. */
  tries: 3,
} as const;

/**
 * The SDK's client for a map's settings. What they leave out, the SDK's own chain decides, now and not
 * when the map was made: the environment may have been filled in between.
 *
 * @param region - the bucket's, where S3 has told that it is another than the settings say
 */
export async function createClient(settings: ClientConfig, region = settings.region): Promise<S3Client> {
  const client = await (settings.local === undefined
    ? serviceClient(settings, region)
    : localClient(settings.local));
  watchTries(client);
  tellRequests(client);
  if (settings.attended === true) watchConnections(client);
  return client;
}

async function serviceClient(settings: ClientConfig, region: string | undefined): Promise<S3Client> {
  const config: S3ClientConfig = {
    maxAttempts: limits.tries,
    retryMode: "standard",
    requestHandler: {
      connectionTimeout: limits.connectMs,
      socketTimeout: limits.idleMs,
      httpAgent: { keepAlive: true, maxSockets: settings.concurrency },
      httpsAgent: { keepAlive: true, maxSockets: settings.concurrency },
    },
  };
  if (region !== undefined) config.region = region;
  if (settings.profile !== undefined) config.profile = settings.profile;
  if (settings.credentials !== undefined) config.credentials = settings.credentials;
  if (settings.endpoint !== undefined) config.endpoint = settings.endpoint;
  if (settings.anonymous === true) {
    config.credentials = { accessKeyId: "anonymous", secretAccessKey: "anonymous" };
    config.signer = { sign: (request) => Promise.resolve(request) };
  }
  const endpoint = settings.endpoint ?? process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"];
  config.forcePathStyle = settings.forcePathStyle ?? (endpoint !== undefined && !isAws(endpoint));

  let client = new S3Client(config);
  if (region === undefined && !(await hasRegion(client))) {
    // us-east-1 answers for every region, with a redirect that is followed once and remembered.
    client = new S3Client({ ...config, region: "us-east-1" });
  }
  const handler = client.config.requestHandler as unknown as { httpHandlerConfigs(): Agents };
  learnRoute(client, {
    exchangeWith: (server) => overHttp(server, handler.httpHandlerConfigs(), limits),
    signs: settings.anonymous !== true,
  });
  return client;
}

function localClient(directory: string): S3Client {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for every map
  const { LocalS3Handler } = require("../../local/handler.js") as typeof import("../../local/handler.js");
  const handler = new LocalS3Handler({ directory, createBuckets: true });
  const client = new S3Client({
    requestHandler: handler as RequestHandler,
    endpoint: "http://local-s3",
    forcePathStyle: true,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    signer: { sign: (request) => Promise.resolve(request) },
  });
  learnRoute(client, { exchangeWith: () => throughHandler(handler), signs: false });
  return client;
}

// Other services seldom have a DNS name for each bucket.
function isAws(endpoint: string): boolean {
  return /\.amazonaws\.com(\.cn)?$/.test(URL.canParse(endpoint) ? new URL(endpoint).hostname : "");
}

async function hasRegion(client: S3Client): Promise<boolean> {
  try {
    return Boolean(await client.config.region());
  } catch {
    return false;
  }
}
