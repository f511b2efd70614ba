import { parseArgs } from "node:util";
import type { DiagnoseOptions } from "../bucket/diagnosis.js";
import { MEMORY } from "../arguments/local-directory.js";
import type { S3BucketOptions } from "../arguments/options.js";
import { didYouMean } from "../text/spelling.js";

export interface Arguments {
  /** Without one, the prompt has the account's buckets only. */
  location: string | undefined;
  /** The location is the default one. */
  isUnnamed?: boolean;
  options: S3BucketOptions;
  /** The type of the values. */
  layer: "text" | "json" | "bytes";
  /** The code of `--eval`. */
  code?: string;
  /** The options of `--diagnose`. */
  diagnosis?: DiagnoseOptions;
}

/** A mistake on the command line. The message says what to do instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The default bucket of a local S3. */
const LOCAL_BUCKET = "bucket";

const flags = {
  local: { type: "string", needs: "a directory" },
  endpoint: { type: "string", needs: "a URL" },
  region: { type: "string", needs: "a region's name" },
  profile: { type: "string", needs: "a profile's name" },
  json: { type: "boolean" },
  bytes: { type: "boolean" },
  eval: { type: "string", short: "e", needs: "code" },
  diagnose: { type: "boolean" },
  "read-only": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

export const usage = `Usage: s3bucketmap [options] [bucket | s3://bucket/prefix]

A prompt of JavaScript where "bucket" is an S3 bucket, or the part of it under a prefix, as a plain object, and "map"
the same as a map. "s3" is an object of all buckets, and all there is where none is named. Code can be piped in, too: it
ends at its first error.

  --local DIR     keep the buckets in a directory instead of S3 (the bucket is then "${LOCAL_BUCKET}" unless named);
                  with ${MEMORY} in a temporary one, until the end
  --endpoint URL  another S3 than AWS's
  --region NAME   the bucket's region
  --profile NAME  a profile of the shared AWS configuration files
  --json          values are JSON instead of text
  --bytes         values are Buffers instead of text
  -e, --eval CODE print what the code gives (text with a newline, bytes as they are, with --json as JSON), and end
  --diagnose      print where the settings come from and what may be done with the bucket, what fails and what to do
                  about it, and end; writes to a key of its own under the prefix, and deletes it
  --read-only     with --diagnose: write nothing
  -h, --help      print this
  -v, --version   print the version

The rest is found as the AWS SDK finds it: AWS_ACCESS_KEY_ID, AWS_REGION and so on, the configuration files, SSO, roles.
S3BUCKETMAP_HISTORY names the file of the history (else ~/.s3bucketmap_history; empty: none).
Exit codes: 0, 1 after an error or where --diagnose finds that something needed fails, 2 after a mistake on the command line, 130 after Ctrl-C.
`;

/** A message in which options have the names that they have on the command line. */
export function asTyped(message: string): string {
  return message
    .replace(/(?:\bthe )?\boption (local|endpoint|region|profile)\b/gi, "--$1")
    .replace(/\bthe option credentials\b/gi, "--profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

/** @throws UsageError */
export function parseArguments(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Arguments | "help" | "version" {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: flags,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = tokens.filter((token) => token.kind === "option");
  for (const { name, rawName, value } of given) checkFlag(name, rawName, value);
  if (given.filter(({ name }) => name === "eval").length > 1)
    throw new UsageError(
      '--eval can be given only once. To run several statements, join them: --eval "one; two".',
    );
  if (values["help"] === true) return "help";
  if (values["version"] === true) return "version";
  if (values["json"] === true && values["bytes"] === true)
    throw new UsageError("--json and --bytes cannot be used together.");
  const isDiagnosis = values["diagnose"] === true;
  if (isDiagnosis && values["eval"] !== undefined)
    throw new UsageError("--diagnose and --eval cannot be used together.");
  if (values["read-only"] === true && !isDiagnosis)
    throw new UsageError("--read-only can only be used with --diagnose.");
  const [location, ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(
      `One bucket at a time: "${location}", or ${more.map((one) => `"${one}"`).join(", ")}? A name with spaces needs quotes.`,
    );
  }
  const options: S3BucketOptions = {};
  for (const name of ["local", "endpoint", "region", "profile"] as const) {
    const value = values[name];
    if (typeof value === "string") options[name] = value;
  }
  // A prompt has several maps, which are to share the place.
  if (options.local === MEMORY) options.local = `${MEMORY}prompt`;
  const isLocal = options.local !== undefined || Boolean(env["S3BUCKETMAP_LOCAL"]);
  for (const flag of ["diagnose", "json"]) {
    if (location !== undefined || isLocal || values[flag] !== true) continue;
    throw new UsageError(
      `--${flag} requires a bucket: s3bucketmap --${flag} s3://bucket/prefix. To try it without S3, add --local DIR.`,
    );
  }
  const parsed: Arguments = {
    location: location ?? (isLocal ? LOCAL_BUCKET : undefined),
    options,
    layer: values["json"] === true ? "json" : values["bytes"] === true ? "bytes" : "text",
  };
  if (location === undefined && isLocal) parsed.isUnnamed = true;
  if (typeof values["eval"] === "string") parsed.code = values["eval"];
  if (isDiagnosis) parsed.diagnosis = { readOnly: values["read-only"] === true };
  return parsed;
}

function checkFlag(name: string, rawName: string, value: string | undefined): void {
  if (!Object.hasOwn(flags, name)) {
    const end = didYouMean(name, Object.keys(flags), ": --help lists them", (right) => `--${right}`);
    throw new UsageError(`There is no option ${rawName}${end}`);
  }
  const flag = flags[name as keyof typeof flags];
  if (flag.type === "string" && value === undefined)
    throw new UsageError(`${rawName} needs ${flag.needs}: ${rawName}=…`);
  if (flag.type === "boolean" && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
}
