import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import { profileName } from "../credentials/written-credentials.js";
import type { Credentials } from "../credentials/written-credentials.js";
import type { SharedFiles } from "../credentials/shared-files.js";
import { isAws } from "../direct/predicted-route.js";
import type { Answers, SentRequest } from "./answers.js";

/** The SDK's names of the providers that a profile can describe, and the settings that describe them. */
const byProfile: readonly (readonly [source: RegExp, what: string, settings: readonly string[]])[] = [
  [
    /^CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN$/,
    "a role, through a web identity token",
    ["web_identity_token_file"],
  ],
  [/^CREDENTIALS_PROFILE_(SOURCE_PROFILE|NAMED_PROVIDER)$/, "a role", ["role_arn", "credential_source"]],
  [/^CREDENTIALS_(PROFILE_)?PROCESS$/, "a program, credential_process", ["credential_process"]],
  [/^CREDENTIALS_(PROFILE_)?SSO(_LEGACY)?$/, "SSO", ["sso_session", "sso_start_url"]],
  [/^CREDENTIALS_(PROFILE_)?LOGIN$/, "aws login", ["login_session"]],
  [/^CREDENTIALS_PROFILE$/, "static credentials", ["aws_access_key_id"]],
];

/** What to do if a provider that a profile describes returns no credentials. */
const remedies: Readonly<Record<string, string>> = {
  credential_process: "Run the program that credential_process names, and read its output.",
  sso_session: "Log in: aws sso login",
  sso_start_url: "Log in: aws sso login",
  login_session: "Log in: aws login",
  role_arn: "Check that the role can be assumed, for example with aws sts get-caller-identity.",
  web_identity_token_file: "Check that the file exists, and that the role can be assumed with its token.",
};

/** How many profiles an error names at most. */
const MAX_NAMES = 10;

interface Context {
  readonly settings: ClientConfig;
  readonly environment: Environment;
  readonly files: SharedFiles;
}

/** Describes where the settings of a map come from. */
export class Origins {
  readonly #profile: string;
  readonly #isNamed: boolean;
  readonly #profileInWords: string;
  readonly #settings: ClientConfig;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #files: SharedFiles;

  constructor({ settings, environment, files }: Context) {
    this.#settings = settings;
    this.#variables = environment.variables;
    this.#files = files;
    const { AWS_PROFILE } = this.#variables;
    this.#profile = profileName(settings, this.#variables);
    this.#isNamed = settings.profile !== undefined || Boolean(AWS_PROFILE);
    const why = settings.profile !== undefined ? " (option profile)" : AWS_PROFILE ? " (AWS_PROFILE)" : "";
    this.#profileInWords = `profile "${this.#profile}"${why}`;
  }

  /**
   * The first setting that matches the address to which requests were sent, because the SDK ignores some settings.
   *
   * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
   */
  endpoint({ sentTo }: Answers): { url?: string; from: string } {
    for (const { url, from } of this.#endpoints())
      if (sentTo === undefined || isTo(url, sentTo)) return { url, from };
    const isAwsOwn = sentTo === undefined || isAws(sentTo.hostname);
    return { from: isAwsOwn ? "AWS's default" : "the AWS SDK's choice" };
  }

  *#endpoints(): Generator<{ url: string; from: string }> {
    const { endpoint } = this.#settings;
    if (endpoint !== undefined) yield { url: endpoint, from: "option endpoint" };
    for (const name of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
      const url = this.#variables[name];
      if (url) yield { url, from: name };
    }
    if (this.#variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return;
    const services = this.#files.ofProfile(this.#profile, "services")?.value;
    const written = [
      services === undefined ? undefined : this.#files.ofService(services, "s3", "endpoint_url"),
      this.#files.ofProfile(this.#profile, "endpoint_url"),
    ];
    for (const one of written) if (one !== undefined) yield { url: one.value, from: one.where };
  }

  region(region: string): string {
    const written = this.#files.ofProfile(this.#profile, "region");
    const from = [
      { value: this.#settings.region, where: "option region" },
      { value: this.#variables["AWS_REGION"], where: "AWS_REGION" },
      { value: written?.value, where: written?.where },
    ].find(({ value }) => value === region);
    return from?.where ?? "the default, because no region is set";
  }

  addressing({ sentTo }: Answers): string | undefined {
    if (sentTo === undefined) return undefined;
    const { bucket, forcePathStyle } = this.#settings;
    const isInPath = sentTo.path.startsWith(`/${bucket}`);
    const how = isInPath ? "the bucket is in the path" : "the bucket is in the host name";
    if (forcePathStyle !== undefined) return `${how} (option forcePathStyle)`;
    return `${how} (${isInPath ? "the endpoint is not AWS's" : "AWS's default"})`;
  }

  /** Where credentials were found. */
  credentials({ $source = {} }: Credentials): string {
    const variables = this.#variables;
    if (this.#settings.credentials !== undefined) return "option credentials";
    for (const [source, what, settings] of byProfile) {
      if (!Object.keys($source).some((name) => source.test(name))) continue;
      const written = settings.map((name) => this.#files.ofProfile(this.#profile, name)).find(Boolean);
      return `${what}, ${this.#profileInWords}${written === undefined ? "" : `: ${written.where}`}`;
    }
    if ("CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN" in $source)
      return "a role, through a web identity token: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE";
    if ("CREDENTIALS_ENV_VARS" in $source) {
      const token = variables["AWS_SESSION_TOKEN"] ? ", AWS_SESSION_TOKEN" : "";
      return `AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY${token}`;
    }
    const ofContainer = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    const container = ofContainer.find((name) => variables[name]);
    return container === undefined ? "the machine's role (IMDS)" : `the container's role: ${container}`;
  }

  /** Where credentials were searched for when none were found. */
  soughtCredentials(): { text: string; todo?: string } {
    const profile = this.#profileInWords;
    for (const [name, todo] of Object.entries(remedies)) {
      const written = this.#files.ofProfile(this.#profile, name);
      if (written === undefined) continue;
      const text = `${profile} has ${name} (${written.where}), but it returned no credentials`;
      return { text, todo: todo.startsWith("Log in") ? `${todo} --profile ${this.#profile}.` : todo };
    }
    const { config, credentials } = this.#files.paths;
    const files = `${credentials} and ${config}`;
    if (!this.#isNamed)
      return {
        text: `the library looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ${profile} in ${files}, and a role of this container or machine`,
      };
    const profiles = this.#files.profiles();
    const besides =
      this.#variables["AWS_ACCESS_KEY_ID"] && this.#variables["AWS_SECRET_ACCESS_KEY"]
        ? " To use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead, do not name a profile, because it takes precedence."
        : "";
    if (profiles.includes(this.#profile))
      return {
        text: `${profile} has no credentials in ${files}`,
        todo: `Add aws_access_key_id and aws_secret_access_key to the profile, or name another profile.${besides}`,
      };
    const there = profiles.length === 0 ? "no profiles" : profiles.slice(0, MAX_NAMES).join(", ");
    const more = profiles.length > MAX_NAMES ? `, and ${profiles.length - MAX_NAMES} more` : "";
    return {
      text: `there is no ${profile}: ${files} contain ${there}${more}`,
      todo: `Correct the profile's name, or add the profile.${besides}`,
    };
  }
}

function isTo(url: string, { hostname, port }: SentRequest): boolean {
  if (!URL.canParse(url)) return false;
  const wanted = new URL(url);
  const isSameHost = hostname === wanted.hostname || hostname.endsWith(`.${wanted.hostname}`);
  return isSameHost && wanted.port === String(port ?? "");
}

/** A URL without the parts that may be secret. */
export function plainUrl(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}

/** Where requests were sent. */
export function hostOf({ sentTo }: Answers): string | undefined {
  if (sentTo === undefined) return undefined;
  const { protocol, hostname, port } = sentTo;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`;
}
