import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { environmentOf } from "../../../../lib/arguments/environment.js";
import type { ClientConfig } from "../../../../lib/bridge/protocol.js";
import { Connections } from "../../../../lib/worker/s3/transport/connections.js";
import { MapCredentials } from "../../../../lib/worker/s3/credentials/credentials.js";
import type { Request, Server } from "../../../../lib/worker/s3/direct/messages.js";
import { predictRoute, notRead } from "../../../../lib/worker/s3/direct/predicted-route.js";
import { pathOf } from "../../../../lib/worker/s3/direct/messages.js";
import type { Way } from "../../../../lib/worker/s3/direct/route.js";
import { signer } from "../../../../lib/worker/s3/direct/sign.js";
import { chain, sdk } from "../../../../lib/worker/s3/sdk.js";
import { serviceClient } from "../../../../lib/worker/s3/sdk-client.js";
import { Surroundings } from "../../../../lib/worker/s3/surroundings.js";

type Environment = Record<string, string>;
/** What the shared configuration files say, where there are any. */
interface Files {
  config?: string;
  credentials?: string;
}

jest.setTimeout(120_000);

const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-route-"));
const before = { ...process.env };
beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ["nextTick", "setImmediate", "setTimeout", "clearTimeout", "queueMicrotask"],
  });
  // The SDK says which of two profiles it takes.
  jest.spyOn(console, "warn").mockImplementation(() => {});
  jest.spyOn(process, "emitWarning").mockImplementation(() => {});
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  setEnvironment(before as Environment);
});
afterAll(() => rmSync(folder, { recursive: true }));

function setEnvironment(env: Environment): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
}

let files = 0;
/** The SDK reads each file once: every case has its own. */
function environmentWith(env: Environment, { config, credentials }: Files): Environment {
  const [configFile, credentialsFile] = [path.join(folder, `${++files}`), path.join(folder, `${++files}`)];
  if (config !== undefined) writeFileSync(configFile, config);
  if (credentials !== undefined) writeFileSync(credentialsFile, credentials);
  const others = Object.entries(before).filter(([name]) => !name.startsWith("AWS_"));
  return {
    ...(Object.fromEntries(others) as Environment),
    AWS_CONFIG_FILE: configFile,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    ...env,
  };
}

const key = "a b/../ü";

/** What is sent for a key, and by which server. */
interface Sent {
  server: Server;
  path: string;
  headers: Record<string, string>;
  sendsChecksums: boolean;
  asksForChecksums: boolean;
}

function credentialsOf(settings: ClientConfig, env: Environment): MapCredentials {
  return new MapCredentials(settings, new Surroundings(environmentOf(env)), new Connections(4));
}

async function predicted(settings: ClientConfig, env: Environment): Promise<Sent | undefined> {
  const known = credentialsOf(settings, env);
  let server: Server | undefined;
  const route = predictRoute(settings, environmentOf(env), "agent", {
    exchangeWith: (asked) => {
      server = asked;
      return () => Promise.reject(new Error("nothing is sent"));
    },
    signs: settings.anonymous !== true,
    credentials: () => known.get(),
    written: known.written,
  });
  if (route === undefined || server === undefined) return undefined;
  const { basePath, sendsChecksums, asksForChecksums } = route;
  const headers = { ...route.headers };
  const request: Request = { method: "GET", path: pathOf(basePath, key), search: "x-id=GetObject", headers };
  await route.sign(request);
  return { server, path: request.path, headers, sendsChecksums, asksForChecksums };
}

/** In the environment as it is now, whatever becomes of it. */
function bySdk(settings: ClientConfig): Promise<Sent> {
  const surroundings = new Surroundings(environmentOf(process.env), settings.profile);
  setEnvironment(before as Environment);
  return surroundings.run(() => sentBySdk(settings));
}

async function sentBySdk(settings: ClientConfig): Promise<Sent> {
  const way: Way = {
    exchangeWith: () => undefined,
    signs: true,
    credentials: () => client.config.credentials(),
  };
  // The SDK's own credentials, and not those that are read without it.
  const own = {
    forClient: chain.defaultProvider,
    use: { version: 0, readings: 0 },
    renewAfter: () => Promise.resolve(false),
  } as unknown as MapCredentials;
  const connections = new Connections(4);
  const client = await serviceClient(settings, connections, "agent", way, own, () => {});
  let sent:
    { protocol: string; hostname: string; port?: number; path: string; headers: Environment } | undefined;
  const enough = new Error("enough");
  client.middlewareStack.add(
    () => (args) => {
      sent = args.request as typeof sent;
      return Promise.reject(enough);
    },
    { step: "deserialize", priority: "low", name: "spec" },
  );
  const command = new sdk.GetObjectCommand({ Bucket: settings.bucket, Key: key });
  await expect(client.send(command)).rejects.toBe(enough);
  const { protocol, hostname, port, path: sentPath, headers } = sent!;
  // Signed once more without the SDK's own headers, with what the SDK has found to sign it with.
  const request: Request = {
    method: "GET",
    path: sentPath,
    search: "x-id=GetObject",
    headers: { host: headers["host"]!, "user-agent": "agent" },
  };
  const [, region = "", service = ""] =
    /Credential=[^/]*\/\d+\/([^/]*)\/([^/]*)/.exec(headers["authorization"] ?? "") ?? [];
  const sign = signer(region, service, () => client.config.credentials(), Date.now);
  if (settings.anonymous !== true) await sign(request);
  else expect(headers).not.toHaveProperty("authorization");
  const config = client.config as unknown as Record<string, () => Promise<string>>;
  return {
    server: { protocol, hostname, port },
    path: sentPath,
    headers: request.headers,
    sendsChecksums: (await config["requestChecksumCalculation"]!()) === "WHEN_SUPPORTED",
    asksForChecksums: (await config["responseChecksumValidation"]!()) === "WHEN_SUPPORTED",
  };
}

const settingsWith = (more: Partial<ClientConfig> = {}): ClientConfig => ({
  bucket: "bucket",
  concurrency: 4,
  ...more,
});
const credentials = { accessKeyId: "AKID", secretAccessKey: "s3cr/et+" };
const inEnvironment = { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "env/secret" };
const inFile = "aws_access_key_id = AKIDFILE\naws_secret_access_key = file/secret+\n";
const local = { endpoint: "http://127.0.0.1:9000" };

describe("a route that is foreseen", () => {
  const cases: [string, Partial<ClientConfig>, Environment, Files][] = [
    ["a service of one's own", { ...local, credentials }, {}, {}],
    [
      "one under a path, with a region",
      { endpoint: "https://s3.example.com/base/", region: "auto", credentials },
      {},
      {},
    ],
    ["one that the environment names", { credentials }, { AWS_ENDPOINT_URL_S3: "http://localhost:1" }, {}],
    ["AWS, with all in the environment", {}, { ...inEnvironment, AWS_REGION: "eu-central-1" }, {}],
    ["a session", {}, { ...inEnvironment, AWS_SESSION_TOKEN: "tok/en==", AWS_REGION: "us-east-1" }, {}],
    ["nobody's credentials", { anonymous: true, region: "us-west-2" }, {}, {}],
    [
      "the default profile",
      {},
      {},
      { config: "[default]\nregion = eu-west-1\noutput=json\n", credentials: `[default]\n${inFile}` },
    ],
    [
      "a profile",
      { profile: "one" },
      {},
      {
        config: "[profile one]\nregion=eu-west-1\n[profile two]\nregion=x",
        credentials: `# mine\n[one] ; a\n${inFile}`,
      },
    ],
    [
      "a profile of the environment",
      {},
      { AWS_PROFILE: "one" },
      { config: `[profile one]\nregion=eu-west-1\n${inFile}` },
    ],
    [
      "the endpoint of a profile",
      { credentials, profile: "one" },
      {},
      {
        config:
          "[default]\nendpoint_url = http://127.0.0.1:1\n[profile one]\nendpoint_url = http://127.0.0.1:2/a",
      },
    ],
    [
      "that of the environment before a profile's",
      {},
      { AWS_PROFILE: "one", AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      { config: `[profile one]\n${inFile}endpoint_url = http://127.0.0.1:2` },
    ],
    [
      "credentials beside a profile that would have to fetch some",
      { credentials },
      { AWS_REGION: "us-east-2" },
      { config: "[default]\nsso_session = x y\nrole_arn=arn:aws:iam::1:role/x\n" },
    ],
    ["a file in the home folder", { ...local, credentials }, { AWS_CONFIG_FILE: "~/x" }, {}],
    [
      "variables of other programs",
      { ...local, credentials },
      Object.fromEntries([...notRead].map((name) => [name, "x"])),
      {},
    ],
  ];
  it.each(cases)("is the SDK's own: %s", async (_name, more, env, written) => {
    setEnvironment(environmentWith(env, written));
    const settings = settingsWith(more);
    const found = await predicted(settings, process.env as Environment);
    expect(found).toBeDefined();
    expect(found).toEqual(await bySdk(settings));
  });

  it.each<[string, Partial<ClientConfig>, Environment, Files]>([
    [
      "a profile has services",
      { credentials },
      {},
      { config: "[default]\nservices = x\n[services x]\ns3 =\n  endpoint_url = http://127.0.0.1:1\n" },
    ],
    [
      "the endpoints of the configuration do not count",
      { credentials },
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true", AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      {},
    ],
    [
      "a profile has settings within settings",
      { credentials },
      {},
      { config: "[default]\ns3 =\n  max_attempts = 5\n" },
    ],
    [
      "a profile is there twice",
      { credentials },
      {},
      { config: "[default]\nregion=a\n[default]\nregion=b\n" },
    ],
    [
      "a profile's name is quoted",
      { credentials, profile: "a" },
      {},
      { config: "[profile 'a']\nregion=eu-west-1\n" },
    ],
    ["a variable is not known", { ...local, credentials }, { AWS_USE_FIPS_ENDPOINT: "true" }, {}],
    ["a variable is empty", { ...local, credentials }, { AWS_REGION: "" }, {}],
    ["the bucket is a directory bucket", { bucket: "b--use1-az4--x-s3", credentials }, {}, {}],
    [
      "the bucket is an access point",
      { bucket: "arn:aws:s3:eu-west-1:1:accesspoint/a", credentials },
      {},
      {},
    ],
    ["the bucket has a dot", { bucket: "a.b", credentials }, {}, {}],
    ["the region is of another partition", { region: "cn-north-1", credentials }, {}, {}],
    ["the bucket is in the host's name elsewhere", { ...local, forcePathStyle: false, credentials }, {}, {}],
    ["the endpoint is one of AWS's", { endpoint: "https://s3.us-east-1.amazonaws.com", credentials }, {}, {}],
    ["the endpoint has a query", { credentials }, { AWS_ENDPOINT_URL: "http://localhost/?a=b" }, {}],
    ["the endpoint has a user", { credentials }, { AWS_ENDPOINT_URL: "http://a:b@localhost/" }, {}],
    ["credentials have a space", { ...local, credentials: { ...credentials, accessKeyId: "a  b" } }, {}, {}],
  ])("is not there where %s", async (_name, more, env, written) => {
    setEnvironment(environmentWith(env, written));
    expect(await predicted(settingsWith(more), process.env as Environment)).toBeUndefined();
  });

  // Whatever is predicted must be what the SDK does; how much is, the cases above say.
  it("is the SDK's own for any settings, environment and files", async () => {
    // Odd ones seldom: each of them leaves all to the SDK.
    const mostly = <T>(usual: readonly T[], odd: readonly T[]): fc.Arbitrary<T> =>
      fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...usual) }, fc.constantFrom(...odd));
    const region = mostly(
      [undefined, "us-east-1", "eu-central-1", "ap-southeast-7", "ca-west-1"],
      ["us-gov-west-1", "cn-north-1", "aws-global", "auto", "fips-us-east-1", "x", "us-iso-east-1"],
    );
    const endpoint = mostly(
      [undefined, undefined, "http://127.0.0.1:9000", "http://localhost:80/", "https://s3.example.com/a/b/"],
      ["https://S3.example.com:443", "http://[::1]:9000", "https://s3.amazonaws.com", "http://a.b/?c", "x"],
    );
    const profile = mostly([undefined, undefined, "one"], ["default", "two", "none", "o ne"]);
    const settings = fc.record({
      bucket: mostly(
        ["bucket", "a-b-c", "123"],
        ["a.b", "Up_per", "b--x-s3", "a--b", "x-s3alias", "x--op-s3", "ab", "-ab"],
      ),
      region,
      endpoint: mostly(
        [undefined, "http://127.0.0.1:9000"],
        ["https://s3.amazonaws.com", "http://[::1]:9000"],
      ),
      forcePathStyle: mostly([undefined], [true, false]),
      profile,
      credentials: mostly([undefined, credentials, { ...credentials, sessionToken: "token" }], [undefined]),
      anonymous: mostly([undefined], [true]),
    });
    const environment = fc.record({
      AWS_ACCESS_KEY_ID: mostly([undefined, "AKIDENV"], [""]),
      AWS_SECRET_ACCESS_KEY: mostly([undefined, "env/secret"], [""]),
      AWS_SESSION_TOKEN: mostly([undefined, "token/="], [""]),
      AWS_CREDENTIAL_EXPIRATION: mostly([undefined], ["2040-01-01T00:00:00Z", "2000-01-01T00:00:00Z"]),
      AWS_REGION: mostly([undefined, "eu-north-1"], ["", "cn-north-1", "x"]),
      AWS_DEFAULT_REGION: mostly([undefined], ["eu-north-1", ""]),
      AWS_PROFILE: profile,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_CA_BUNDLE: mostly([undefined], ["/x"]),
      AWS_EC2_METADATA_DISABLED: mostly([undefined], ["true"]),
    });
    const line = mostly(
      [
        ...["[default]", "[one]", "[profile one]", "[profile two] # b", "[two]", "[sso-session one]"],
        ...["endpoint_url = http://127.0.0.1:7", "endpoint_url=https://s3.example.com/c/"],
        ...["region = eu-west-1", "region=us-west-2 ; no", "output = json", "# comment", ""],
        ...["aws_access_key_id = AKIDFILE", "aws_secret_access_key=file/secret+", "aws_session_token = a=b"],
      ],
      [
        ...["[profile default]", "[ profile one ]", '[profile "one"]', "[two", "s3 =", "\tx", "  nested = 1"],
        ...[
          "region = ca-central-1#1",
          " region = eu-west-1",
          "region =",
          "region",
          "output=",
          "services = s",
        ],
        ...["AWS_ACCESS_KEY_ID = x", "role_arn = arn:aws:iam::1:role/x", "source_profile = two"],
        ...["sso_session = one", "request_checksum_calculation = WHEN_REQUIRED", "use_fips_endpoint = true"],
        ...["endpoint_url = https://s3.eu-west-1.amazonaws.com", "endpoint_url = x", "endpoint_url ="],
      ],
    );
    const known = ["aws_access_key_id = AKIDFILE", "aws_secret_access_key = file/secret+"];
    const lines = fc.oneof(
      fc.array(line, { maxLength: 8 }),
      line.map((one) => ["[default]", ...known, "[one]", ...known, one]),
      line.map((one) => ["[default]", "region = eu-west-2", one, "[profile one]", "region = eu-west-3"]),
    );
    const text = fc.option(
      lines.map((all) => all.join("\n")),
      { nil: undefined },
    );
    let found = 0;
    await fc.assert(
      fc.asyncProperty(settings, environment, text, text, async (some, env, config, written) => {
        const given = <T extends object>(values: T): T =>
          Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
        setEnvironment(
          environmentWith(given(env) as Environment, given({ config, credentials: written }) as Files),
        );
        const { credentials: told, ...others } = some;
        const asked = settingsWith(
          given({ ...others, credentials: some.anonymous ? undefined : told }) as Partial<ClientConfig>,
        );
        const isWritten = asked.anonymous ?? credentialsOf(asked, process.env as Environment).written;
        if (!isWritten) return;
        const route = await predicted(asked, process.env as Environment);
        if (route === undefined) return;
        found += 1;
        expect(route).toEqual(await bySdk(asked));
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(100);
  });
});

describe("credentials of which only the SDK knows", () => {
  const said = JSON.stringify({
    Version: 1,
    AccessKeyId: "AKIDPROC",
    SecretAccessKey: "s",
    SessionToken: "t",
  });
  const process_ = `credential_process = echo '${said}'\n`;
  it.each<[string, Partial<ClientConfig>, Environment, Files]>([
    ["nobody gives any", {}, {}, {}],
    ["half of them is missing", {}, { AWS_ACCESS_KEY_ID: "x" }, {}],
    [
      "there are some, and a profile, in the environment",
      {},
      { ...inEnvironment, AWS_PROFILE: "one" },
      { config: `[profile one]\n${inFile}` },
    ],
    ["a profile names a process", {}, {}, { config: `[default]\nregion = eu-west-1\n${process_}` }],
    [
      "a profile names a process beside those of the other file",
      { profile: "one" },
      {},
      { config: `[profile one]\n${process_}`, credentials: `[one]\n${inFile}` },
    ],
    [
      "a profile has a session that was never begun",
      { profile: "one" },
      {},
      { config: `[profile one]\nsso_session=x\nsso_account_id=1\nsso_role_name=r\n[sso-session x]\n` },
    ],
    ["a profile is named and is not there", { profile: "none" }, {}, { config: `[default]\n${inFile}` }],
  ])("are the SDK's own where %s", async (_name, more, env, written) => {
    setEnvironment(environmentWith({ AWS_EC2_METADATA_DISABLED: "true", ...env }, written));
    const settings = settingsWith({ ...local, ...more });
    const known = credentialsOf(settings, process.env as Environment);
    const surroundings = new Surroundings(environmentOf(process.env));
    const own = surroundings.run(() => chain.defaultProvider({ profile: settings.profile! })());
    const outcome = (got: Promise<object>): Promise<unknown> =>
      got.then(
        (credentials) => Object.fromEntries(Object.entries(credentials).filter(([name]) => name[0] !== "$")),
        (error: Error) => [error.name, error.message],
      );
    expect(known.written).toBeUndefined();
    expect(await outcome(known.get())).toEqual(await outcome(own));
    const route = await outcome(
      predicted(settings, process.env as Environment).then((sent) => sent!.headers),
    );
    expect(route).toBeDefined();
  });
});
