import path from "node:path";
import { inspect } from "node:util";
import { S3BucketMap, s3Bucket } from "../lib/index.js";
import type { ReadAs, S3BucketOptions } from "../lib/index.js";
import { parseSettings } from "../lib/arguments/options.js";
import { thrownBy } from "./support/local-maps.js";

const credentials = { accessKeyId: "id", secretAccessKey: "the-secret" };

interface Taken<Value> {
  given: Value;
  /** In the settings. Left out: what was given. */
  becomes?: unknown;
  /** Without which it is refused. */
  beside?: S3BucketOptions;
}

/** The types demand a row for each option. */
const takes: { [Name in keyof S3BucketOptions]-?: Taken<S3BucketOptions<ReadAs>[Name]> } = {
  prefix: { given: "p/" },
  readAs: { given: "bytes" },
  region: { given: "eu-west-1" },
  endpoint: { given: "https://s3.example.com" },
  forcePathStyle: { given: false },
  profile: { given: "somebody" },
  credentials: { given: credentials },
  anonymous: { given: true },
  requestPayer: { given: true },
  serverSideEncryption: { given: "AES256" },
  kmsKeyId: { given: "key", beside: { serverSideEncryption: "aws:kms" } },
  storageClass: { given: "STANDARD_IA" },
  local: { given: "a folder", becomes: path.resolve("a folder") },
  createBucket: { given: true },
  wait: { given: "deasync" },
  timeoutMs: { given: 5000 },
  concurrency: { given: 7 },
  readAhead: { given: false },
};

describe("parseSettings()", () => {
  it("has a default for what is left out, or undefined", () => {
    const settings = {
      prefix: "",
      readAs: "string",
      wait: "atomics",
      timeoutMs: 300_000,
      readAhead: true,
      client: { bucket: "bucket", concurrency: 64 },
    };
    expect(parseSettings("bucket", undefined)).toEqual(settings);
    expect(parseSettings("bucket", { region: undefined, prefix: undefined })).toEqual(settings);
  });

  it.each(Object.entries(takes))("takes the option %s", (name, { given, becomes = given, beside }) => {
    const { client, ...settings } = parseSettings("bucket", { [name]: given, ...beside });
    expect({ ...settings, ...client }).toMatchObject({ [name]: becomes });
  });

  it("takes no other option than these", () => {
    const named = /The options are: (.*)\.$/.exec(
      String(thrownBy(() => parseSettings("bucket", { gzip: true }))),
    );
    expect(named![1]!.split(", ").sort()).toEqual(Object.keys(takes).sort());
  });

  it("takes options together", () => {
    const client = {
      region: "eu-west-1",
      endpoint: "https://s3.example.com",
      forcePathStyle: false,
      credentials,
      requestPayer: true,
      serverSideEncryption: "aws:kms",
      kmsKeyId: "key",
      storageClass: "STANDARD_IA",
      concurrency: 7,
    };
    const other = {
      prefix: "p/",
      readAs: "bytes",
      wait: "atomics",
      timeoutMs: 5000,
      readAhead: false,
    } as const;
    expect(parseSettings("bucket", { ...client, ...other })).toEqual({
      ...other,
      client: { ...client, bucket: "bucket" },
    });
  });

  it("takes the prefix of the location", () => {
    expect(parseSettings("s3://bucket/p/", {}).prefix).toBe("p/");
  });

  it("takes credentials as the SDK has them, and leaves out what it does not need", () => {
    const given = { ...credentials, sessionToken: "token", expiration: new Date(), $source: {} };
    expect(parseSettings("bucket", { credentials: given }).client.credentials).toEqual({
      ...credentials,
      sessionToken: "token",
    });
  });

  it("is not changed by what is done to the options afterwards", () => {
    const given = { credentials: { ...credentials } };
    const settings = parseSettings("bucket", given);
    given.credentials.accessKeyId = "another";
    expect(settings.client.credentials).toEqual(credentials);
  });

  it.each<[string, unknown, string]>([
    ["a string", "prefix/", 'must be an object, not the string "prefix/"'],
    ["null's stand-in", 1, "must be an object, not the number 1"],
    ["an array", [], "must be an object, not an array"],
    ["another case", { readas: "bytes" }, 'no option "readas": did you mean "readAs"?'],
    ["another spelling", { force_path_style: true }, 'did you mean "forcePathStyle"?'],
    ["a letter less", { endpont: "http://a" }, 'did you mean "endpoint"?'],
    ["boto's name", { timeout: 1 }, 'did you mean "timeoutMs"?'],
    ["what is nowhere near", { gzip: true }, 'no option "gzip". The options are: prefix, readAs,'],
    ["readAs", { readAs: "buffer" }, 'readAs must be "string" or "bytes", not "buffer"'],
    ["wait", { wait: true }, 'wait must be "atomics" or "deasync", not the boolean true'],
    ["prefix", { prefix: 1 }, "prefix must be a string, not the number 1"],
    ["a prefix that is no key's beginning", { prefix: "\ud800" }, "lone surrogate"],
    ["a prefix that leaves no room", { prefix: "x".repeat(1025) }, "1024 bytes"],
    ["region", { region: "" }, "region must not be empty"],
    [
      "an endpoint without its scheme",
      { endpoint: "localhost:9000" },
      'Did you mean "http://localhost:9000"',
    ],
    ["endpoint without a scheme", { endpoint: "localhost:9000" }, "endpoint must be a URL"],
    ["endpoint with a query", { endpoint: "https://host/?a=b" }, "endpoint must be a URL"],
    ["endpoint with credentials", { endpoint: "https://me:secret@host" }, "Use the option credentials"],
    ["endpoint of another kind", { endpoint: "ftp://host" }, "endpoint must be a URL"],
    [
      "timeoutMs",
      { timeoutMs: 0 },
      "timeoutMs must be a whole number from 1 to 2147483647, not the number 0",
    ],
    ["timeoutMs in seconds", { timeoutMs: 1.5 }, "timeoutMs must be a whole number"],
    ["timeoutMs for ever", { timeoutMs: Infinity }, "timeoutMs must be a whole number"],
    ["concurrency", { concurrency: "4" }, "concurrency must be a whole number"],
    ["anonymous", { anonymous: "yes" }, "anonymous must be true or false"],
    ["a provider function", { credentials: () => credentials }, "credential_process"],
    [
      "loose credentials",
      { accessKeyId: "id", secretAccessKey: "s" },
      "belongs inside the option credentials",
    ],
    ["half of the credentials", { credentials: { accessKeyId: "id" } }, "has no secretAccessKey"],
    [
      "misspelt credentials",
      { credentials: { accessKeyID: "a", secretAccessKey: "b" } },
      'did you mean "accessKeyId"?',
    ],
    [
      "a session's token by another name",
      { credentials: { accessKeyId: "a", secretAccessKey: "b", token: "c" } },
      'did you mean "sessionToken"?',
    ],
    ["credentials with profile", { credentials, profile: "p" }, "cannot be used together"],
    ["anonymous with credentials", { credentials, anonymous: true }, "cannot be used together"],
    ["anonymous with profile", { profile: "p", anonymous: true }, "cannot be used together"],
    ["local with endpoint", { local: "dir", endpoint: "http://a" }, "cannot be used together"],
    ["kmsKeyId alone", { kmsKeyId: "key" }, "aws:kms"],
  ])("refuses %s", (_what, options, message) => {
    for (const make of [
      () => new S3BucketMap("bucket", options as S3BucketOptions),
      () => s3Bucket("bucket", options as S3BucketOptions),
    ]) {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    }
  });

  it("refuses a second prefix beside the location's", () => {
    expect(() => parseSettings("s3://bucket/a", { prefix: "b" })).toThrow(TypeError);
  });

  it("says nothing of a secret in what it refuses", () => {
    const wrong = {
      credentials: { accessKeyId: "id", secretAccessKey: 12345678 },
    } as unknown as S3BucketOptions;
    expect(() => new S3BucketMap("bucket", wrong)).toThrow("credentials.secretAccessKey must be a string");
    expect(() => new S3BucketMap("bucket", wrong)).not.toThrow("12345678");
  });
});

describe("S3BUCKETMAP_LOCAL", () => {
  beforeEach(() => {
    process.env["S3BUCKETMAP_LOCAL"] = "some/dir";
  });
  afterEach(() => {
    delete process.env["S3BUCKETMAP_LOCAL"];
  });

  it("puts a map that says nothing else on the local S3, and inspecting it shows that", () => {
    expect(parseSettings("bucket", {}).client.local).toBe(path.resolve("some/dir"));
    expect(inspect(new S3BucketMap("bucket"))).toContain(`in the local S3 at ${path.resolve("some/dir")}`);
    expect(inspect(s3Bucket("bucket"))).toContain(`in the local S3 at ${path.resolve("some/dir")}`);
  });

  it("gives way to the option local", () => {
    expect(parseSettings("bucket", { local: "other" }).client.local).toBe(path.resolve("other"));
  });

  it("is refused beside an endpoint: it must be clear where one writes", () => {
    expect(() => parseSettings("bucket", { endpoint: "http://a" })).toThrow("S3BUCKETMAP_LOCAL=some/dir");
  });

  it("counts as absent when it is empty", () => {
    process.env["S3BUCKETMAP_LOCAL"] = "";
    expect(parseSettings("bucket", {}).client.local).toBeUndefined();
  });
});
