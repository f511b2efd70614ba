import type { S3Client } from "@aws-sdk/client-s3";
import type { Credentials } from "../credentials/written-credentials.js";
import { isPlain, pathOf } from "./messages.js";
import type { Exchange, Server } from "./messages.js";
import { signer, unsigned } from "./sign.js";
import type { Sign } from "./sign.js";

/** How requests for the bucket are sent. It is predicted (predicted-route.ts), or learnt from a request of the SDK. */
export interface Route {
  readonly exchange: Exchange;
  /** The path that precedes the slash and the key. */
  readonly basePath: string;
  /** The headers of every request: the host and the user agent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sign: Sign;
  /** The SDK's settings for checksums. */
  readonly sendsChecksums: boolean;
  readonly asksForChecksums: boolean;
}

/** What a map contributes to any route. */
export interface Way {
  exchangeWith(server: Server): Exchange | undefined;
  /** False for anonymous requests and the local S3. */
  signs: boolean;
  credentials(): Promise<Credentials>;
  /** Credentials that can be read without the SDK. */
  written?: Credentials | undefined;
}

/** A request that the SDK sent. */
interface Sent {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  username?: string;
  headers: Record<string, string>;
}

interface AuthScheme {
  name: string;
  signingRegion?: string;
  signingName?: string;
}

interface Context {
  endpointV2?: { url: URL; properties?: { authSchemes?: AuthScheme[] }; headers?: object };
  __smithy_context?: { selectedHttpAuthScheme?: { httpAuthOption: { schemeId: string } } };
}

/**
 * Learns a client's route from the first request that gets a response. By then, the SDK has resolved endpoint, region
 * and signing.
 *
 * @param learnt - called with the route, or with undefined if requests need the SDK
 */
export function learnRoute(client: S3Client, way: Way, learnt: (route: Route | undefined) => void): void {
  let looked = false;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (!looked) {
        looked = true;
        const { Key } = args.input as { Key?: string };
        // If the SDK's internals have changed, every request is left to the SDK.
        learnt(await toRoute(client, way, context, args.request as Sent, Key).catch(() => undefined));
      }
      return result;
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapRoute" },
  );
}

async function toRoute(
  client: S3Client,
  way: Way,
  context: Context,
  sent: Sent,
  key: string | undefined,
): Promise<Route | undefined> {
  const endpoint = context.endpointV2;
  const scheme = endpoint?.properties?.authSchemes?.[0];
  const chosen = context.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption.schemeId;
  if (endpoint === undefined || scheme?.name !== "sigv4" || chosen !== "aws.auth#sigv4") return undefined;
  const { signingRegion: region, signingName: service = "s3" } = scheme;
  if (region === undefined || region === "*") return undefined;
  if ((sent.username ?? undefined) !== undefined || Object.keys(endpoint.headers ?? {}).length > 0)
    return undefined;
  const basePath = endpoint.url.pathname.replace(/\/$/, "");
  if (sent.path !== pathOf(basePath, key)) return undefined;
  const headers = pick(sent.headers, ["host", "user-agent", "x-amz-user-agent"]);
  if (headers["host"] === undefined || !Object.values(headers).every(isPlain)) return undefined;
  const exchange = way.exchangeWith({ protocol: sent.protocol, hostname: sent.hostname, port: sent.port });
  if (exchange === undefined) return undefined;

  const { config } = client;
  const isCorrected = (await config.disableClockSkewCorrection()) !== true;
  const now = (): number => Date.now() + (isCorrected ? config.systemClockOffset : 0);
  return {
    exchange,
    basePath,
    headers,
    sign: way.signs ? signer(region, service, () => way.credentials(), now) : unsigned,
    sendsChecksums: (await config.requestChecksumCalculation()) === "WHEN_SUPPORTED",
    asksForChecksums: (await config.responseChecksumValidation()) === "WHEN_SUPPORTED",
  };
}

function pick(headers: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}
