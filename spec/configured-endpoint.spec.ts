import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { Home } from "./support/credential-sources.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// An endpoint of ~/.aws/config is as one of the option `endpoint`. The service has no name for each bucket.

jest.setTimeout(60_000);

const home = new Home();
let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(async () => {
  home.end();
  await server.close();
});

const nowhere = "endpoint_url = http://127.0.0.1:1\n";
const keys = home.written("One");
// To an address of numbers the SDK speaks in paths by itself.
const localhost = (): string => server.endpoint.replace("127.0.0.1", "localhost");
const here = (): string => `endpoint_url = ${localhost()}\n`;
const services = (): string =>
  `[services mine]\ns3 =\n  endpoint_url = ${localhost()}\ndynamodb =\n  ${nowhere}`;

interface Case {
  config: () => string;
  variables?: () => Record<string, string>;
  options?: S3BucketOptions;
}

const cases: [string, Case][] = [
  ["of the default profile", { config: () => `[default]\n${keys}${here()}` }],
  [
    "of the option's profile",
    { config: () => `[default]\n${nowhere}[profile mine]\n${keys}${here()}`, options: { profile: "mine" } },
  ],
  [
    "of the option's profile, whatever AWS_PROFILE says",
    {
      config: () => `[profile other]\n${nowhere}[profile mine]\n${keys}${here()}`,
      variables: () => ({ AWS_PROFILE: "other" }),
      options: { profile: "mine" },
    },
  ],
  [
    "of AWS_PROFILE",
    {
      config: () => `[default]\n${nowhere}[profile mine]\n${keys}${here()}`,
      variables: () => ({ AWS_PROFILE: "mine" }),
    },
  ],
  [
    "of the services of the default profile",
    { config: () => `[default]\n${keys}services = mine\n${services()}` },
  ],
  [
    "of the services of the option's profile, before its own",
    {
      config: () => `[profile mine]\n${keys}${nowhere}services = mine\n${services()}`,
      options: { profile: "mine" },
    },
  ],
  [
    "of AWS_ENDPOINT_URL before that of a profile",
    {
      config: () => `[profile mine]\n${keys}${nowhere}`,
      variables: () => ({ AWS_ENDPOINT_URL: localhost() }),
      options: { profile: "mine" },
    },
  ],
];

function map(options: S3BucketOptions = {}): S3BucketMap {
  return new S3BucketMap("bucket", { region: "eu-west-1", timeoutMs: 20_000, ...options });
}

describe.each(["atomics", "deasync"] as const)("wait: %s, an endpoint", (wait) => {
  it.each(cases)("%s is asked, with the bucket in the path", (_name, { config, variables, options }) => {
    home.enter(variables?.() ?? {});
    home.write(".aws/config", config());
    // Directly, where the route can be predicted, and by the SDK.
    const [one, other] = [map({ wait, ...options }), map({ wait, ...options })];
    expect(one.set("key", "1").get("key")).toBe("1");
    expect(other.set("key", "2", { metadata: { note: "two  spaces" } }).get("key")).toBe("2");
    expect(other.diagnose({ readOnly: true }).ok).toBe(true);
  });
});

it("an endpoint of a profile is asked past the SDK, the first time", () => {
  home.enter({});
  home.write(".aws/config", `[profile mine]\n${keys}${here()}`);
  server.reset();
  map({ profile: "mine" }).set("key", "1");
  expect(server.log()).toMatchObject([{ bySdk: false }]);
});

describe("AWS's own is asked, by the bucket's name,", () => {
  let proxy: http.Server;
  beforeAll(async () => {
    proxy = http
      .createServer()
      .on("connect", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    await once(proxy.listen(0, "127.0.0.1"), "listening");
  });
  afterAll(() => proxy.close());

  it.each([
    ["where a profile names it", "endpoint_url = https://s3.eu-west-1.amazonaws.com\n", {}],
    [
      "where configured endpoints are to be ignored",
      nowhere,
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    ],
    [
      "where those of the environment are to be ignored",
      "",
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true", AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
    ],
  ])("%s", (_name, line, variables) => {
    home.enter({ ...variables, HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    home.write(".aws/config", `[default]\n${keys}${line}`);
    expect(() => map({ wait: "deasync" }).get("key")).toThrow(
      "rejected a connection to bucket.s3.eu-west-1.amazonaws.com:443",
    );
    delete process.env["HTTPS_PROXY"];
  });
});
