import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import { readPlainProfile } from "./shared-files.js";

/** The credentials that a request is signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  /** The SDK's names of the ways in which it obtained the credentials. They are part of its user agent. */
  readonly $source?: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string>>;

/** The source of credentials that never change. The environment is that of the map's first request. */
export function giverOf(settings: ClientConfig, variables: Variables): "option" | "environment" | undefined {
  if (settings.credentials !== undefined) return "option";
  const isNamed = Boolean(settings.profile ?? variables["AWS_PROFILE"]);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = variables;
  return !isNamed && id && secret ? "environment" : undefined;
}

/** The name of the profile that the SDK uses. To the SDK, an empty variable is an unset one. */
export function profileName(settings: ClientConfig, variables: Variables): string {
  return settings.profile ?? (variables["AWS_PROFILE"] || "default");
}

/** Credentials that can be read without the SDK; undefined if only the SDK can find them. */
export function writtenCredentials(
  settings: ClientConfig,
  { variables, config, credentials }: Environment,
): Credentials | undefined {
  if (settings.credentials !== undefined) {
    const { accessKeyId, secretAccessKey, sessionToken } = settings.credentials;
    return written(accessKeyId, secretAccessKey, sessionToken, { CREDENTIALS_CODE: "e" });
  }
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE } = variables;
  if ([AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE].includes(""))
    return undefined;
  const inEnvironment = written(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, {
    CREDENTIALS_ENV_VARS: "g",
  });
  const isNamed = settings.profile !== undefined || AWS_PROFILE !== undefined;
  const until = new Date(variables["AWS_CREDENTIAL_EXPIRATION"] ?? NaN);
  if (inEnvironment !== undefined && !isNamed && !isNaN(until.getTime()))
    return { ...inEnvironment, expiration: until };
  // If there are both credentials and a profile, the SDK decides which to use, and warns.
  if (inEnvironment !== undefined) return isNamed ? undefined : inEnvironment;
  const profile = readPlainProfile(profileName(settings, variables), config, credentials);
  if (profile === undefined || profile.hasProvider) return undefined;
  const { aws_access_key_id, aws_secret_access_key, aws_session_token } = profile;
  return written(aws_access_key_id, aws_secret_access_key, aws_session_token, { CREDENTIALS_PROFILE: "n" });
}

function written(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
  $source: Record<string, string>,
): Credentials | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }), $source };
}
