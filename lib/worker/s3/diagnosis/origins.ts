import type { ClientConfig, Environment } from "../../../bridge/protocol.js";
import type { Answers, SentRequest } from "./answers.js";
import type { SharedFiles } from "../credentials/shared-files.js";
import { isAws } from "../direct/predicted-route.js";

/** Where the settings of a map come from, in words. */
export class Origins {
  readonly profile: string;
  readonly #settings: ClientConfig;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #files: SharedFiles;

  constructor(settings: ClientConfig, { variables }: Environment, files: SharedFiles) {
    this.#settings = settings;
    this.#variables = variables;
    this.#files = files;
    this.profile = settings.profile ?? (variables["AWS_PROFILE"] || "default");
  }

  /** Why it is this profile. */
  get #whyProfile(): string {
    if (this.#settings.profile !== undefined) return " (option profile)";
    return this.#variables["AWS_PROFILE"] ? " (AWS_PROFILE)" : "";
  }

  get named(): string {
    return `profile "${this.profile}"${this.#whyProfile}`;
  }

  /**
   * Only what agrees with where requests have gone: the SDK does not heed all that is written.
   *
   * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
   */
  endpoint({ sentTo }: Answers): { url?: string; from: string } {
    for (const { url, from } of this.#endpoints())
      if (sentTo === undefined || isTo(url, sentTo)) return { url, from };
    return { from: sentTo === undefined || isAws(sentTo.hostname) ? "AWS's own" : "the AWS SDK's choice" };
  }

  *#endpoints(): Generator<{ url: string; from: string }> {
    const { endpoint } = this.#settings;
    if (endpoint !== undefined) yield { url: endpoint, from: "option endpoint" };
    for (const name of ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]) {
      const url = this.#variables[name];
      if (url) yield { url, from: name };
    }
    if (this.#variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return;
    const services = this.#files.ofProfile(this.profile, "services")?.value;
    const written = [
      services === undefined ? undefined : this.#files.ofService(services, "s3", "endpoint_url"),
      this.#files.ofProfile(this.profile, "endpoint_url"),
    ];
    for (const one of written) if (one !== undefined) yield { url: one.value, from: one.where };
  }

  /** @param region - the one that is asked */
  region(region: string): string {
    const written = this.#files.ofProfile(this.profile, "region");
    const from = [
      { value: this.#settings.region, where: "option region" },
      { value: this.#variables["AWS_REGION"], where: "AWS_REGION" },
      { value: written?.value, where: written?.where },
    ].find(({ value }) => value === region);
    return from?.where ?? "none is set, and this one knows of all buckets";
  }

  addressing({ sentTo }: Answers): string | undefined {
    if (sentTo === undefined) return undefined;
    const { bucket, forcePathStyle } = this.#settings;
    const isInPath = sentTo.path.startsWith(`/${bucket}`);
    const how = isInPath ? "the bucket is in the path" : "the bucket is in the host's name";
    if (forcePathStyle !== undefined) return `${how} (option forcePathStyle)`;
    return `${how} (${isInPath ? "the endpoint is not AWS's" : "as AWS has it"})`;
  }
}

function isTo(url: string, { hostname, port }: SentRequest): boolean {
  if (!URL.canParse(url)) return false;
  const wanted = new URL(url);
  const isSameHost = hostname === wanted.hostname || hostname.endsWith(`.${wanted.hostname}`);
  return isSameHost && wanted.port === String(port ?? "");
}

/** A URL without what may be secret in it. */
export function plainUrl(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/$/, "")}`;
}

/** Where the requests have gone. */
export function hostOf({ sentTo }: Answers): string | undefined {
  if (sentTo === undefined) return undefined;
  const { protocol, hostname, port } = sentTo;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`;
}
