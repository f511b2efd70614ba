import type { S3Client } from "@aws-sdk/client-s3";
import type { Exchange } from "./exchange.js";
import { escapeUri } from "./exchange.js";

/** How requests for the bucket are made, learnt from one that the SDK has made. */
export interface Route {
  readonly exchange: Exchange;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** What comes before the slash and the key. */
  readonly basePath: string;
  /** Those of every request: who asks, and whom. */
  readonly headers: Record<string, string>;
  readonly sign: (request: object) => Promise<{ headers: Record<string, string> }>;
  /** Whether the SDK is set to send checksums, and to ask for them. */
  readonly sendsChecksums: boolean;
  readonly asksForChecksums: boolean;
  /** Gives back of the SDK's allowance for retries what a success gives back. */
  readonly recordSuccess: () => void;
}

/** What the SDK is about to send, or has sent. */
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

interface Signer {
  sign(
    request: object,
    options: { signingDate: Date; signingRegion: string; signingService: string },
  ): Promise<{ headers: Record<string, string> }>;
}

interface Config {
  signer(scheme: AuthScheme): Promise<Signer>;
  systemClockOffset?: number;
  disableClockSkewCorrection?(): Promise<boolean | undefined>;
  requestChecksumCalculation(): Promise<string>;
  responseChecksumValidation(): Promise<string>;
  retryStrategy(): Promise<{
    acquireInitialRetryToken(scope: string): Promise<unknown>;
    recordSuccess(token: unknown): void;
  }>;
}

const routes = new WeakMap<S3Client, Route>();

/** The route of a client's requests, once there has been one. */
export function routeOf(client: S3Client): Route | undefined {
  return routes.get(client);
}

/**
 * Learns a client's route from the first answer that it gets. Of endpoints, regions and ways to sign there are
 * many; only what the SDK itself has settled on is used, and only where it is the plain way.
 *
 * @param exchangeFor - how to reach a server past the SDK
 */
export function learnRoute(
  client: S3Client,
  exchangeFor: (server: {
    protocol: string;
    hostname: string;
    port: number | undefined;
  }) => Exchange | undefined,
): void {
  let looked = false;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (!looked) {
        looked = true;
        const sent = args.request as Sent;
        const exchange = exchangeFor({ protocol: sent.protocol, hostname: sent.hostname, port: sent.port });
        const { Key } = args.input as { Key?: string };
        const route = exchange && (await toRoute(client, context as Context, sent, Key, exchange));
        if (route !== undefined) routes.set(client, route);
      }
      return result;
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapRoute" },
  );
}

async function toRoute(
  client: S3Client,
  context: Context,
  sent: Sent,
  key: string | undefined,
  exchange: Exchange,
): Promise<Route | undefined> {
  const endpoint = context.endpointV2;
  const scheme = endpoint?.properties?.authSchemes?.[0];
  const { signingRegion, signingName } = scheme ?? {};
  if (
    endpoint === undefined ||
    scheme?.name !== "sigv4" ||
    signingRegion === undefined ||
    signingRegion === "*"
  )
    return undefined;
  if (context.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption.schemeId !== "aws.auth#sigv4")
    return undefined;
  if (sent.username !== undefined || Object.keys(endpoint.headers ?? {}).length > 0) return undefined;
  const basePath = endpoint.url.pathname.replace(/\/$/, "");
  if (sent.path !== pathOf(basePath, key)) return undefined;

  const config = client.config as unknown as Config;
  const signer = await config.signer(scheme);
  const strategy = await config.retryStrategy();
  const token = await strategy.acquireInitialRetryToken("");
  const corrected = (await config.disableClockSkewCorrection?.()) !== true;
  return {
    exchange,
    protocol: sent.protocol,
    hostname: sent.hostname,
    port: sent.port,
    basePath,
    headers: pick(sent.headers, ["host", "user-agent", "x-amz-user-agent"]),
    sign: (request) =>
      signer.sign(request, {
        signingDate: new Date(Date.now() + (corrected ? (config.systemClockOffset ?? 0) : 0)),
        signingRegion,
        signingService: signingName ?? "s3",
      }),
    sendsChecksums: (await config.requestChecksumCalculation()) === "WHEN_SUPPORTED",
    asksForChecksums: (await config.responseChecksumValidation()) === "WHEN_SUPPORTED",
    recordSuccess: () => strategy.recordSuccess(token),
  };
}

/** The path of a key, or of the bucket. No segment is resolved: "." and ".." are part of a key. */
export function pathOf(basePath: string, key: string | undefined): string {
  return key === undefined ? `${basePath}/` : `${basePath}/${key.split("/").map(escapeUri).join("/")}`;
}

function pick(headers: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}
