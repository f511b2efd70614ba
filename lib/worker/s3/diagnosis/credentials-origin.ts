import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import type { Identity } from "../credentials/identity.js";
import type { Origins } from "./origins.js";
import type { SharedFiles } from "../credentials/shared-files.js";

/** The SDK's names of ways to credentials that a profile describes, and the settings by which it does. */
const byProfile: readonly (readonly [source: string, what: string, settings: readonly string[]])[] = [
  ["CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN", "a role, by a web identity token", ["web_identity_token_file"]],
  ["CREDENTIALS_PROFILE_SOURCE_PROFILE", "a role", ["role_arn", "credential_source"]],
  ["CREDENTIALS_PROFILE_NAMED_PROVIDER", "a role", ["role_arn", "credential_source"]],
  ["CREDENTIALS_PROFILE_PROCESS", "a program, credential_process", ["credential_process"]],
  ["CREDENTIALS_PROCESS", "a program, credential_process", ["credential_process"]],
  ["CREDENTIALS_PROFILE_SSO", "SSO", ["sso_session", "sso_start_url"]],
  ["CREDENTIALS_PROFILE_SSO_LEGACY", "SSO", ["sso_start_url"]],
  ["CREDENTIALS_SSO", "SSO", ["sso_session", "sso_start_url"]],
  ["CREDENTIALS_SSO_LEGACY", "SSO", ["sso_start_url"]],
  ["CREDENTIALS_PROFILE_LOGIN", "aws login", ["login_session"]],
  ["CREDENTIALS_LOGIN", "aws login", ["login_session"]],
  ["CREDENTIALS_PROFILE", "written down", ["aws_access_key_id"]],
];

/** Where credentials come from that were found. */
export function originOf(
  { $source = {} }: Identity,
  { credentials }: ClientConfig,
  { variables }: Environment,
  files: SharedFiles,
  origins: Origins,
): string {
  if (credentials !== undefined) return "option credentials";
  for (const [source, what, settings] of byProfile) {
    if (!(source in $source)) continue;
    const written = settings.map((name) => files.ofProfile(origins.profile, name)).find(Boolean);
    return `${what}, ${origins.named}${written === undefined ? "" : `: ${written.where}`}`;
  }
  if ("CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN" in $source)
    return "a role, by a web identity token: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE";
  if ("CREDENTIALS_ENV_VARS" in $source) {
    const token = variables["AWS_SESSION_TOKEN"] ? ", AWS_SESSION_TOKEN" : "";
    return `AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY${token}`;
  }
  const ofContainer = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  const container = ofContainer.find((name) => variables[name]);
  return container === undefined ? "the machine's role (IMDS)" : `the container's role: ${container}`;
}

/** What to do about a way to credentials that has failed. */
const remedies: Readonly<Record<string, string>> = {
  credential_process: "Run the program that credential_process names, and see what it says.",
  sso_session: "Log in: aws sso login",
  sso_start_url: "Log in: aws sso login",
  login_session: "Log in: aws login",
  role_arn: "Look whether the role may be assumed, as by aws sts get-caller-identity.",
  web_identity_token_file: "Look whether the file is there, and the role may be assumed by it.",
};

/** Where credentials were looked for in vain. */
export function soughtIn(
  { profile }: ClientConfig,
  { variables }: Environment,
  files: SharedFiles,
  origins: Origins,
): { text: string; todo?: string } {
  for (const [name, todo] of Object.entries(remedies)) {
    const written = files.ofProfile(origins.profile, name);
    if (written === undefined) continue;
    const command = todo.startsWith("Log in") ? `${todo} --profile ${origins.profile}.` : todo;
    return { text: `${origins.named} has ${name} (${written.where}), and it gave none`, todo: command };
  }
  const { paths } = files;
  const inFiles = `${origins.named} in ${paths.credentials} and ${paths.config}`;
  const isNamed = profile !== undefined || Boolean(variables["AWS_PROFILE"]);
  const before = isNamed ? "" : "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ";
  const after = isNamed ? "" : ", and a role of this container or machine";
  return { text: `looked for ${before}${inFiles}${after}` };
}
