import type { S3Client } from "@aws-sdk/client-s3";
import { escapeUri } from "./escape.js";
import type { Exchange, Server } from "./messages.js";
import { isPlain } from "./plain-headers.js";
import { signer } from "./sign.js";
import type { Sign } from "./sign.js";
import type { Credentials } from "../credentials/identity.js";

/** How requests for the bucket are made: predicted, or learnt from one that the SDK has made. */
export interface Route {
  readonly exchange: Exchange;
  /** What comes before the slash and the key. */
  readonly basePath: string;
  /** Those of every request: who asks, and whom. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sign: Sign;
  /** Whether the SDK is set to send checksums, and to ask for them. */
  readonly sendsChecksums: boolean;
  readonly asksForChecksums: boolean;
}

/** How to reach servers directly, without the SDK. */
export interface Way {
  exchangeWith(server: Server): Exchange | undefined;
  /** Whether requests are signed at all. */
  signs: boolean;
  credentials(): Promise<Credentials>;
  /** Those that are known before anything is asked for them. */
  written?: Credentials | undefined;
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

interface Config {
  systemClockOffset?: number;
  disableClockSkewCorrection?(): Promise<boolean | undefined>;
  requestChecksumCalculation(): Promise<string>;
  responseChecksumValidation(): Promise<string>;
}

/**
 * Learns a client's route from the first answer that it gets. Of endpoints, regions and ways to sign there are
 * many; only what the SDK itself has settled on is used, and only where it is the plain way.
 *
 * @param learnt - is told the route, or undefined where there is none but the SDK's
 */
export function learnRoute(client: S3Client, way: Way, learnt: (route: Route | undefined) => void): void {
  let looked = false;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (!looked) {
        looked = true;
        const { Key } = args.input as { Key?: string };
        // Of an SDK that has changed in here nothing is learnt, and it makes every try itself.
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

  const config = client.config as unknown as Config;
  const corrected = (await config.disableClockSkewCorrection?.()) !== true;
  const now = (): number => Date.now() + (corrected ? (config.systemClockOffset ?? 0) : 0);
  return {
    exchange,
    basePath,
    headers,
    sign: way.signs ? signer(region, service, () => way.credentials(), now) : () => Promise.resolve(),
    sendsChecksums: (await config.requestChecksumCalculation()) === "WHEN_SUPPORTED",
    asksForChecksums: (await config.responseChecksumValidation()) === "WHEN_SUPPORTED",
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
