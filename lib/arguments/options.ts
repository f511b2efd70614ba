import type { ClientConfig } from "../bridge/protocol.js";
import type { WaitName } from "../bridge/wait.js";
import { leadsToFacade } from "../global/facades.js";
import { argumentError } from "../errors/errors.js";
import { didYouMean } from "../text/spelling.js";
import { checkAreOptions, checkFlag, checkOneOf, checkOptions, checkText, checkWhole } from "./checks.js";
import { checkPrefix } from "./keys.js";
import { localDirectory } from "./local-directory.js";
import { isAlias, parseLocation } from "./location.js";

/** The default of the option `timeoutMs`. */
const DEFAULT_TIMEOUT_MS = 300_000;

/** The default of the option `concurrency`. */
const DEFAULT_CONCURRENCY = 64;

/** What reading returns. */
export type ReadAs = "string" | "bytes";

/** Credentials as plain data. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/**
 * How to reach a bucket and how to present it. Every option may be left out: the AWS SDK's own chain then decides
 * (environment, shared configuration, SSO, instance role, `AWS_ENDPOINT_URL_S3`). `undefined` means left out.
 *
 * `As` says how values are read: with `S3BucketOptions` as strings, with `S3BucketOptions<"bytes">`, which requires
 * `readAs`, as Buffers.
 */
export interface S3BucketOptions<As extends ReadAs = "string"> {
  /**
   * Limits the map to the keys that begin with this, and removes it from them. It is joined to keys as it is, without a
   * slash.
   */
  prefix?: string | undefined;
  /** Whether values are read as strings (UTF-8, the default) or as Buffers. */
  readAs?: As | undefined;
  /** The bucket's region. */
  region?: string | undefined;
  /** The URL of an S3 service other than AWS. */
  endpoint?: string | undefined;
  /** Whether the bucket's name goes into the path of the URL. Default: true with an endpoint that is not AWS's. */
  forcePathStyle?: boolean | undefined;
  /** A profile of the shared configuration files. */
  profile?: string | undefined;
  /** Plain data. For credentials that must be fetched or renewed, use a profile with `credential_process`. */
  credentials?: S3Credentials | undefined;
  /** Sends unsigned requests, for open data. */
  anonymous?: boolean | undefined;
  /** Agrees to pay for the requests to a Requester Pays bucket. */
  requestPayer?: boolean | undefined;
  /** Encryption at rest: `"AES256"`, `"aws:kms"`, … */
  serverSideEncryption?: string | undefined;
  /** The KMS key for `serverSideEncryption: "aws:kms"`. */
  kmsKeyId?: string | undefined;
  /** `"STANDARD_IA"`, `"INTELLIGENT_TIERING"`, … */
  storageClass?: string | undefined;
  /**
   * Keeps the buckets in this directory, in the local S3, instead of using a service. `":memory:"`, for tests, creates
   * a private temporary directory for this map and its sub-maps, which is removed at exit. `":memory:name"` names a
   * temporary directory that all threads of the process share.
   */
  local?: string | undefined;
  /**
   * Creates a missing bucket at the first write, with 1 CreateBucket more. Reads, deletions, and copies within the
   * bucket never create it. Default: false.
   */
  createBucket?: boolean | undefined;
  /**
   * How a call blocks: `"atomics"` (the default: nothing else runs during a call) or `"deasync"` (the event loop keeps
   * running; needs the optional package deasync).
   */
  wait?: WaitName | undefined;
  /** The deadline of each call in milliseconds, including retries. Default: 300,000; at most 2³¹ − 1. */
  timeoutMs?: number | undefined;
  /** How many requests one call may have in flight. Default: 64. */
  concurrency?: number | undefined;
  /**
   * Whether values are requested before a loop gets to them. Default: true. If a loop is left early, up to
   * `concurrency` GETs were sent in vain.
   */
  readAhead?: boolean | undefined;
}

/** Options, checked, without those that are undefined. */
type Given = {
  [Name in Exclude<keyof S3BucketOptions, "credentials" | "readAs">]?: Exclude<
    S3BucketOptions[Name],
    undefined
  >;
} & Pick<ClientConfig, "credentials"> & { readAs?: ReadAs };

/** A location and options, checked. */
export interface Settings {
  prefix: string;
  readAs: ReadAs;
  wait: WaitName;
  timeoutMs: number;
  readAhead: boolean;
  /** The setting that names the directory of the local S3. */
  localFrom?: string;
  /** What is shown instead of a temporary directory: `":memory:"` or `":memory:name"`. */
  memory?: string;
  client: ClientConfig;
}

const checks: { [Name in keyof Required<S3BucketOptions>]: (value: unknown, name: string) => void } = {
  prefix: (value) => void checkPrefix(value, "The option prefix"),
  readAs: (value, name) => checkOneOf(value, name, ["string", "bytes"], " For JSON, use the layer json."),
  region: checkText,
  endpoint: checkUrl,
  forcePathStyle: checkFlag,
  profile: checkText,
  credentials: checkCredentials,
  anonymous: checkFlag,
  requestPayer: checkFlag,
  serverSideEncryption: checkText,
  kmsKeyId: checkText,
  storageClass: checkText,
  local: checkText,
  createBucket: checkFlag,
  wait: (value, name) => checkOneOf(value, name, ["atomics", "deasync"]),
  timeoutMs: (value, name) => checkWhole(value, name, 1, 2 ** 31 - 1),
  concurrency: (value, name) => checkWhole(value, name, 1, 1024),
  readAhead: checkFlag,
};

export function parseSettings(location: unknown, options: unknown): Settings {
  const { bucket, prefix: locationPrefix } = parseLocation(location);
  const given = checkEach(options ?? {});
  if (locationPrefix !== undefined && given.prefix !== undefined) {
    throw argumentError(
      `The location contains the prefix "${locationPrefix}", and the option prefix is "${given.prefix}". Use only one of them.`,
    );
  }
  if (given.createBucket === true && isAlias(bucket)) {
    throw argumentError(
      `The option createBucket requires a bucket name, but "${bucket}" is an access point.`,
    );
  }
  return settingsOf(bucket, given.prefix ?? locationPrefix ?? "", given);
}

/** The settings of an account, for all its buckets. */
export function parseAccountSettings(options: unknown): Settings {
  const given = checkEach(options ?? {}, "s3Buckets");
  return settingsOf("", "", given);
}

function settingsOf(bucket: string, prefix: string, given: Given): Settings {
  const { prefix: _, readAs, wait, timeoutMs, concurrency, readAhead, ...reach } = given;
  const client: ClientConfig = { ...reach, bucket, concurrency: concurrency ?? DEFAULT_CONCURRENCY };
  const local = localDirectory(given);
  if (local !== undefined) client.local = local.directory;
  if (isInteractive()) client.interactive = true;
  return {
    prefix: checkPrefix(prefix),
    readAs: readAs ?? "string",
    wait: wait ?? "atomics",
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    readAhead: readAhead ?? true,
    ...(local === undefined ? {} : { localFrom: local.from }),
    ...(local?.memory === undefined ? {} : { memory: local.memory }),
    client,
  };
}

let interactive = false;

/**
 * Maps created from now on belong to a prompt. The worker counts their requests, and shows the progress of a long call.
 */
export function setInteractive(): void {
  interactive = true;
}

function isInteractive(): boolean {
  return interactive || process.env["S3BUCKETMAP_PROGRESS"] === "1";
}

function checkEach(options: unknown, of?: "s3Buckets"): Given {
  const names = Object.keys(checks);
  checkAreOptions(options, of);
  refuseLooseCredentials(options);
  if (of === undefined) checkOptions(options, names);
  else {
    if (Object.hasOwn(options, "prefix") && (options as S3BucketOptions).prefix !== undefined) {
      throw argumentError(
        "s3Buckets accepts no prefix, because a prefix belongs to a single bucket. Use s3Bucket(name, { prefix }), or asMap(s3.name).subMap(prefix).",
      );
    }
    checkOptions(
      Object.fromEntries(Object.entries(options).filter(([name]) => name !== "prefix")),
      names.filter((name) => name !== "prefix"),
      of,
    );
  }
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    // Undefined means left out, as in { region: process.env.REGION }.
    if (value === undefined) continue;
    checks[name as keyof S3BucketOptions](value, name);
    checked[name] = name === "credentials" ? pickCredentials(value as S3Credentials) : value;
  }
  refuseContradictions(checked);
  return checked;
}

function refuseLooseCredentials(options: object): void {
  const loose = ["accessKeyId", "secretAccessKey", "sessionToken"].find((name) =>
    Object.hasOwn(options, name),
  );
  if (loose === undefined) return;
  throw argumentError(
    `The option ${loose} belongs inside the option credentials: { credentials: { accessKeyId: "…", secretAccessKey: "…" } }.`,
  );
}

function pickCredentials({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: S3Credentials): Given["credentials"] {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function refuseContradictions(options: Given): void {
  const not = (one: string, other: string, why: string): void => {
    throw argumentError(`The option ${one} and the option ${other} cannot be used together: ${why}.`);
  };
  if (options.anonymous === true && options.credentials)
    not("anonymous", "credentials", "anonymous requests are not signed");
  if (options.anonymous === true && options.profile)
    not("anonymous", "profile", "anonymous requests are not signed");
  if (options.credentials && options.profile) not("credentials", "profile", "both say who you are");
  if (options.local && options.endpoint)
    not("local", "endpoint", "the local S3 runs in this process, and has no address");
  if (options.kmsKeyId && !options.serverSideEncryption?.startsWith("aws:kms")) {
    throw argumentError('The option kmsKeyId requires serverSideEncryption: "aws:kms".');
  }
}

function checkUrl(value: unknown, name: string): void {
  checkText(value, name);
  const { protocol, username, password, search, hash } = new URL(URL.canParse(value) ? value : "none:");
  if (username !== "" || password !== "") {
    // Neither the message nor an inspected map may show the URL.
    throw argumentError(
      `The option ${name} contains a user name or a password, which S3 does not accept in a URL. Use the option credentials.`,
    );
  }
  if ((protocol !== "http:" && protocol !== "https:") || search !== "" || hash !== "") {
    const withScheme = /^[\w.-]+(?::\d+)?\/?$/.test(value) ? ` Did you mean "http://${value}"?` : "";
    throw argumentError(
      `The option ${name} must be a URL such as "https://s3.example.com", not "${value}".${withScheme}`,
    );
  }
}

function checkCredentials(value: unknown, name: string): void {
  if (typeof value === "function") {
    throw argumentError(
      `The option ${name} must not be a function, because it cannot be sent to the worker thread that sends the requests. ` +
        `Use a plain object { accessKeyId, secretAccessKey }, or a profile with credential_process (or SSO, or a role), with the option profile.`,
    );
  }
  if (typeof value !== "object" || value === null || leadsToFacade(value)) {
    throw argumentError(
      // The value may be the secret, so only its type is shown.
      `The option ${name} must be { accessKeyId, secretAccessKey, sessionToken? }, not ${value === null ? "null" : `a ${typeof value}`}.`,
    );
  }
  const names = ["accessKeyId", "secretAccessKey", "sessionToken"];
  for (const [part, partValue] of Object.entries(value)) {
    if (!names.includes(part)) {
      // The metadata service of an instance uses this name.
      const end = /^token$/i.test(part) ? ': did you mean "sessionToken"?' : didYouMean(part, names, "");
      if (end !== "") throw argumentError(`There is no credentials.${part}${end}`);
      continue; // The SDK's own credentials have more: expiration, accountId, $source, …
    }
    if (part === "sessionToken" && partValue === undefined) continue;
    if (typeof partValue !== "string" || partValue === "")
      throw argumentError(`credentials.${part} must be a string, and must not be empty.`);
  }
  for (const part of names.slice(0, 2)) {
    if (!Object.hasOwn(value, part)) throw argumentError(`The option ${name} has no ${part}.`);
  }
}
