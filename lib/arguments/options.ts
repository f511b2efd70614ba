import path from "node:path";
import { isInteractive } from "./interactive.js";
import type { ClientConfig } from "../bridge/protocol.js";
import type { WaitName } from "../bridge/wait.js";
import { leadsToFacade } from "../copies/facades.js";
import { checkPrefix, kindOf } from "./keys.js";
import { parseLocation } from "./location.js";
import { closest } from "../text/spelling.js";
import { argumentError } from "../errors/errors.js";

/** How long a call may take at most, its retries included, unless the option `timeoutMs` says otherwise. */
export const DEFAULT_TIMEOUT_MS = 300_000;

/** How many requests one call has under way at most, unless the option `concurrency` says otherwise. */
export const DEFAULT_CONCURRENCY = 64;

/** Plain credentials. */
export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/**
 * How to reach a bucket and what to make of it. All of it may be left out: the AWS SDK's own chain then
 * decides (environment, shared configuration, SSO, instance role, `AWS_ENDPOINT_URL_S3`).
 */
export interface S3BucketOptions {
  /** Only the keys that begin with this, and without it in their names. Joined on plainly, without a slash. */
  prefix?: string;
  /** What reading gives: strings (UTF-8, the default) or Buffers. */
  readAs?: "string" | "bytes";
  /** The bucket's region. */
  region?: string;
  /** Another S3 than AWS's, as a URL. */
  endpoint?: string;
  /** Whether the bucket stands in the path of the URL. Left out: yes with an endpoint that is not AWS's. */
  forcePathStyle?: boolean;
  /** A profile of the shared configuration files. */
  profile?: string;
  /** Credentials as plain data; where they must be fetched or renewed, use a profile with `credential_process`. */
  credentials?: S3Credentials;
  /** Sends unsigned requests, as open data wants them. */
  anonymous?: boolean;
  /** Accepts to be billed for the requests, where the bucket's owner asks for it. */
  requestPayer?: boolean;
  /** Encryption at rest: `"AES256"`, `"aws:kms"`, … */
  serverSideEncryption?: string;
  /** The KMS key for `serverSideEncryption: "aws:kms"`. */
  kmsKeyId?: string;
  /** `"STANDARD_IA"`, `"INTELLIGENT_TIERING"`, … */
  storageClass?: string;
  /** A directory: keeps the buckets there, in the embedded S3, instead of asking a service. */
  local?: string;
  /**
   * How a call blocks: `"atomics"` (the default; nothing else runs meanwhile) or `"deasync"` (the event loop
   * keeps turning; needs the optional package deasync).
   */
  wait?: WaitName;
  /** A call's deadline in milliseconds, its retries included. 300,000 unless said otherwise; at most 2³¹ − 1. */
  timeoutMs?: number;
  /** How many requests one call may have under way. 64 unless said otherwise. */
  concurrency?: number;
  /**
   * Whether reads that follow a listing in order make the next ones begin early. True unless said otherwise. Nobody
   * sees it, but for the requests of a loop that is left early: at most `concurrency` GETs more.
   */
  readAhead?: boolean;
}

/** Location and options, checked and taken apart. */
export interface Settings {
  prefix: string;
  readAs: "string" | "bytes";
  wait: WaitName;
  timeoutMs: number;
  readAhead: boolean;
  /** Where the directory of a local S3 was named. */
  localFrom?: string;
  client: ClientConfig;
}

type Check = (value: unknown, name: string) => void;

const checks: { [Name in keyof Required<S3BucketOptions>]: Check } = {
  prefix: (value) => void checkPrefix(value, "The option prefix"),
  readAs: oneOf("string", "bytes"),
  region: text,
  endpoint: url,
  forcePathStyle: flag,
  profile: text,
  credentials: plainCredentials,
  anonymous: flag,
  requestPayer: flag,
  serverSideEncryption: text,
  kmsKeyId: text,
  storageClass: text,
  local: text,
  wait: oneOf("atomics", "deasync"),
  timeoutMs: wholeNumber(1, 2 ** 31 - 1),
  concurrency: wholeNumber(1, 1024),
  readAhead: flag,
};

export function parseSettings(location: unknown, options: unknown): Settings {
  const { bucket, prefix: locationPrefix } = parseLocation(location);
  const given = checkOptions(options ?? {});
  if (locationPrefix !== undefined && given.prefix !== undefined) {
    throw argumentError(
      `The location names the prefix "${locationPrefix}" and the options name "${given.prefix}": give one of them.`,
    );
  }
  const { prefix, readAs, wait, timeoutMs, concurrency, readAhead, ...reach } = given;
  const client: ClientConfig = { ...reach, bucket, concurrency: concurrency ?? DEFAULT_CONCURRENCY };
  const local = localDirectory(given);
  if (local !== undefined) client.local = local;
  if (isInteractive()) client.interactive = true;
  return {
    prefix: checkPrefix(prefix ?? locationPrefix ?? ""),
    readAs: readAs ?? "string",
    wait: wait ?? "atomics",
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    readAhead: readAhead ?? true,
    ...(local === undefined
      ? {}
      : { localFrom: given.local === undefined ? "S3BUCKETMAP_LOCAL" : "option local" }),
    client,
  };
}

function checkOptions(options: unknown): S3BucketOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options) || leadsToFacade(options)) {
    throw argumentError(`The options must be an object, not ${kindOf(options)}.`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const right = closest(name, Object.keys(checks));
      throw argumentError(
        right === undefined
          ? `There is no option "${name}". The options are: ${Object.keys(checks).join(", ")}.`
          : `There is no option "${name}": did you mean "${right}"?`,
      );
    }
    // An option that is undefined is one that is left out, as in `{ region: process.env.REGION }`.
    if (value === undefined) continue;
    checks[name as keyof S3BucketOptions](value, name);
    checked[name] = name === "credentials" ? pickCredentials(value as S3Credentials) : value;
  }
  refuseContradictions(checked);
  return checked;
}

function pickCredentials({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): S3Credentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function refuseContradictions(options: S3BucketOptions): void {
  const not = (one: string, other: string, why: string): void => {
    throw argumentError(`The options ${one} and ${other} exclude each other: ${why}.`);
  };
  if (options.anonymous === true && options.credentials)
    not("anonymous", "credentials", "anonymous requests are not signed");
  if (options.anonymous === true && options.profile)
    not("anonymous", "profile", "anonymous requests are not signed");
  if (options.credentials && options.profile) not("credentials", "profile", "both say who you are");
  if (options.local && options.endpoint)
    not("local", "endpoint", "the local S3 is in this process, at no address");
  if (options.kmsKeyId && !options.serverSideEncryption?.startsWith("aws:kms")) {
    throw argumentError('The option kmsKeyId needs serverSideEncryption: "aws:kms".');
  }
}

function localDirectory(options: S3BucketOptions): string | undefined {
  if (options.local !== undefined) return absolute(options.local, "The option local");
  const fromEnvironment = process.env["S3BUCKETMAP_LOCAL"];
  if (fromEnvironment === undefined || fromEnvironment === "") return undefined;
  if (options.endpoint !== undefined) {
    throw argumentError(
      `The environment has S3BUCKETMAP_LOCAL=${fromEnvironment} and the option endpoint is ${options.endpoint}: ` +
        `unset the one or leave out the other, so that it is clear where to write.`,
    );
  }
  return absolute(fromEnvironment, "S3BUCKETMAP_LOCAL");
}

function absolute(directory: string, name: string): string {
  if (directory.includes("\0"))
    throw argumentError(`${name} has a NUL character in it, which no path can have.`);
  try {
    return path.resolve(directory);
  } catch {
    throw argumentError(
      `${name} is "${directory}", and the working directory that it is relative to is gone: give an absolute path.`,
    );
  }
}

function text(value: unknown, name: string): void {
  if (typeof value !== "string" || value === "") {
    throw argumentError(
      `The option ${name} must be a string that is not empty, not ${value === "" ? "empty" : kindOf(value)}.`,
    );
  }
}

function flag(value: unknown, name: string): void {
  if (typeof value !== "boolean")
    throw argumentError(`The option ${name} must be true or false, not ${kindOf(value)}.`);
}

function oneOf(...values: string[]): Check {
  return (value, name) => {
    if (typeof value === "string" && values.includes(value)) return;
    const choices = values.map((choice) => `"${choice}"`).join(" or ");
    const given = typeof value === "string" ? `"${value}"` : kindOf(value);
    throw argumentError(`The option ${name} must be ${choices}, not ${given}.`);
  };
}

function wholeNumber(min: number, max: number): Check {
  return (value, name) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
    throw argumentError(
      `The option ${name} must be a whole number from ${min} to ${max}, not ${kindOf(value)}.`,
    );
  };
}

function url(value: unknown, name: string): void {
  text(value, name);
  const { protocol, username, password, search, hash } = new URL(
    URL.canParse(value as string) ? (value as string) : "none:",
  );
  if (username !== "" || password !== "") {
    // Inspecting a map shows its endpoint, and so would this message.
    throw argumentError(
      `The option ${name} has a user's name or password in it, which S3 does not take there: give the option credentials.`,
    );
  }
  if ((protocol !== "http:" && protocol !== "https:") || search !== "" || hash !== "") {
    throw argumentError(
      `The option ${name} must be a URL such as "https://s3.example.com", not "${value as string}".`,
    );
  }
}

function plainCredentials(value: unknown, name: string): void {
  if (typeof value === "function") {
    throw argumentError(
      `The option ${name} is a function, which cannot cross to the worker thread that makes the requests: ` +
        `give plain { accessKeyId, secretAccessKey }, or set up a profile with credential_process (or SSO, or a role) and name it by the option profile.`,
    );
  }
  if (typeof value !== "object" || value === null || leadsToFacade(value)) {
    throw argumentError(
      // What it is instead may be the secret.
      `The option ${name} must be { accessKeyId, secretAccessKey, sessionToken? }, not ${value === null ? "null" : `a ${typeof value}`}.`,
    );
  }
  const names = ["accessKeyId", "secretAccessKey", "sessionToken"];
  for (const [part, partValue] of Object.entries(value)) {
    if (!names.includes(part)) {
      const right = closest(part, names);
      if (right !== undefined)
        throw argumentError(`There is no credentials.${part}: did you mean "${right}"?`);
      continue; // What the SDK's own credentials carry beside: expiration, accountId, $source, …
    }
    // The value is a secret, so the message does not say what it is.
    if (part !== "sessionToken" || partValue !== undefined) {
      if (typeof partValue !== "string" || partValue === "")
        throw argumentError(`credentials.${part} must be a string that is not empty.`);
    }
  }
  for (const part of names.slice(0, 2)) {
    if (!Object.hasOwn(value, part)) throw argumentError(`The option ${name} lacks ${part}.`);
  }
}
