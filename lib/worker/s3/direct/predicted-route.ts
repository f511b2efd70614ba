import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import { readPlainProfile } from "../credentials/shared-files.js";
import { profileName } from "../credentials/written-credentials.js";
import { isPlain } from "./messages.js";
import type { Route, Way } from "./route.js";
import { signer, unsigned } from "./sign.js";

/** The SDK's environment variables that do not prevent a prediction. */
const understood: ReadonlySet<string> = new Set([
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_EC2_METADATA_DISABLED",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_LOGIN_CACHE_DIRECTORY",
  // These variables only determine where credentials come from.
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  "AWS_EC2_METADATA_V1_DISABLED",
  "AWS_ENDPOINT_URL_SIGNIN",
  "AWS_ENDPOINT_URL_SSO",
  "AWS_ENDPOINT_URL_SSO_OIDC",
  "AWS_ENDPOINT_URL_STS",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  // This variable only appears in the SDK's user agent.
  "AWS_EXECUTION_ENV",
]);

/** Variables of the AWS CLI and of other SDKs, which this SDK does not read. */
export const notRead: ReadonlySet<string> = new Set([
  "AWS_CA_BUNDLE",
  "AWS_CLI_AUTO_PROMPT",
  "AWS_DEFAULT_OUTPUT",
  "AWS_DEFAULT_REGION",
  "AWS_PAGER",
  "AWS_SDK_LOAD_CONFIG",
  "AWS_SESSION_EXPIRATION",
  "AWS_STS_REGIONAL_ENDPOINTS",
  "AWS_VAULT",
]);

/**
 * Predicts the route that the SDK would choose, because loading the SDK takes longer than the rest of a program's first
 * request. Supports AWS itself and services with path-style buckets, if settings, environment and shared configuration
 * are unambiguous.
 *
 * @returns undefined if the SDK must send the first request
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
 */
export function predictRoute(
  settings: ClientConfig,
  { variables: env, config, credentials: credentialsFile }: Environment,
  userAgent: string,
  way: Way,
): Route | undefined {
  for (const [name, value] of Object.entries(env)) {
    if (!/^AWS_/i.test(name) || notRead.has(name)) continue;
    if (!understood.has(name) || value === "") return undefined;
  }
  const profile = readPlainProfile(profileName(settings, env), config, credentialsFile);
  if (profile === undefined) return undefined;

  const region = settings.region ?? env["AWS_REGION"] ?? profile.region ?? "us-east-1";
  const endpoint =
    settings.endpoint ?? env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"] ?? profile.endpoint_url;
  const base = baseOf(settings, region, endpoint);
  if (base === undefined) return undefined;
  const { $source: _, ...written } = way.written ?? {};
  if (!Object.values(written).every(isPlain)) return undefined;

  const { protocol, hostname, port, host, pathname } = base;
  const server = { protocol, hostname, port: port === "" ? undefined : Number(port) };
  const exchange = way.exchangeWith(server);
  return (
    exchange && {
      exchange,
      basePath: pathname.replace(/\/$/, ""),
      headers: { host, "user-agent": userAgent },
      sign: way.signs ? signer(region, "s3", () => way.credentials(), Date.now) : unsigned,
      ...defaults,
    }
  );
}

/** The route to the local S3. */
export function localRoute({ bucket }: ClientConfig, way: Way): Route | undefined {
  if (!isPlainName(bucket)) return undefined;
  const exchange = way.exchangeWith({ protocol: "http:", hostname: "local-s3", port: undefined });
  return (
    exchange && {
      exchange,
      basePath: `/${bucket}`,
      headers: { host: "local-s3" },
      sign: unsigned,
      ...defaults,
    }
  );
}

/** The SDK's defaults. A setting that changes one of them prevents the prediction. */
const defaults = { sendsChecksums: true, asksForChecksums: true };

/** Whether a host belongs to AWS, in any partition. */
export function isAws(hostname: string): boolean {
  return /\.amazonaws\.(com|com\.cn|eu)$/.test(hostname);
}

/**
 * Whether a bucket's name can be part of a host name, and is not that of a directory bucket or an access point alias.
 */
function isPlainName(bucket: string): boolean {
  return (
    /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes("--") && !bucket.endsWith("-s3alias")
  );
}

function baseOf(
  { bucket, forcePathStyle }: ClientConfig,
  region: string,
  endpoint: string | undefined,
): URL | undefined {
  if (!isPlainName(bucket)) return undefined;
  if (endpoint === undefined) {
    // Other partitions have other host names.
    const isCommon = /^(?:us|eu|ap|sa|ca|me|af|il|mx)-(?!gov)[a-z]+-\d$/.test(region);
    if (!isCommon || forcePathStyle === true) return undefined;
    return new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
  }
  if (forcePathStyle === false || !URL.canParse(endpoint) || !/^[a-z0-9-]+$/.test(region)) return undefined;
  if (/aws|fips/.test(region)) return undefined;
  const url = new URL(endpoint);
  const isPlainUrl =
    /^https?:$/.test(url.protocol) &&
    /^[a-z0-9.-]+$/.test(url.hostname) &&
    !url.hostname.includes("amazonaws") &&
    /^(?:\/[\w-]+)*\/?$/.test(url.pathname) &&
    url.href === `${url.origin}${url.pathname}`;
  return isPlainUrl ? new URL(`${url.href.replace(/\/$/, "")}/${bucket}`) : undefined;
}
