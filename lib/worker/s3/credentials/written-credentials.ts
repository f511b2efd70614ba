import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import type { Credentials } from "./identity.js";
import { readPlainProfile } from "./plain-profile.js";

type Variables = Readonly<Record<string, string>>;

/** Who has given credentials that stay as they are: the environment is that of the map's first request. */
export function giverOf(settings: ClientConfig, variables: Variables): "option" | "environment" | undefined {
  if (settings.credentials !== undefined) return "option";
  const isNamed = Boolean(settings.profile ?? variables["AWS_PROFILE"]);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = variables;
  return !isNamed && id && secret ? "environment" : undefined;
}

/** The name of the profile that the SDK takes. */
export function profileName(settings: ClientConfig, variables: Variables): string {
  return settings.profile ?? variables["AWS_PROFILE"] ?? "default";
}

/** Credentials that are written down, which takes no SDK to read; undefined where it is the SDK that knows. */
export function writtenCredentials(
  settings: ClientConfig,
  { variables, config, credentials: credentialsFile }: Environment,
): Credentials | undefined {
  const { credentials } = settings;
  if (credentials !== undefined)
    return fromNames(credentials, "accessKeyId", "secretAccessKey", "sessionToken", {
      CREDENTIALS_CODE: "e",
    });
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"];
  if (names.some((name) => variables[name] === "")) return undefined;
  const inEnvironment = fromNames(
    variables,
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    { CREDENTIALS_ENV_VARS: "g" },
  );
  const isNamed = settings.profile !== undefined || variables["AWS_PROFILE"] !== undefined;
  // Which of both is meant, the SDK says, and warns.
  if (inEnvironment !== undefined) return isNamed ? undefined : inEnvironment;
  const profile = readPlainProfile(profileName(settings, variables), config, credentialsFile);
  if (profile === undefined || profile.hasProvider) return undefined;
  return fromNames(profile, "aws_access_key_id", "aws_secret_access_key", "aws_session_token", {
    CREDENTIALS_PROFILE: "n",
  });
}

function fromNames<Name extends string>(
  values: { readonly [name in Name]?: string | undefined },
  id: Name,
  secret: Name,
  token: Name,
  $source: Record<string, string>,
): Credentials | undefined {
  const { [id]: accessKeyId, [secret]: secretAccessKey, [token]: sessionToken } = values;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }), $source };
}
