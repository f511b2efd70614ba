import { S3BucketMap } from "../lib/index.js";
import { Home, sources } from "./support/credential-sources.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { makeCertificates, startProxy } from "./support/proxy.js";
import type { Proxy } from "./support/proxy.js";

// Credentials that come from a service are asked for by the proxy; those of the machine itself never are.

jest.setTimeout(60_000);

const home = new Home();
let server: HttpS3;
let proxy: Proxy;
beforeAll(async () => {
  makeCertificates(home.folder);
  [server] = await Promise.all([startHttpS3(), home.start()]);
  proxy = await startProxy(home.folder, server.endpoint);
});
afterAll(async () => {
  home.end();
  await Promise.all([proxy.end(), server.close()]);
});
afterEach(() => delete process.env["HTTP_PROXY"]);

const services = ["SSO", "a role that those of the shared file assume", "web identity"];
const ownOnes = ["an instance's role", "a container"];
const byServer = sources.filter(({ name }) => [...services, ...ownOnes].includes(name));

it.each(byServer)("$name", async ({ name, variables, begin }) => {
  home.write(".aws/config", "");
  home.write(".aws/credentials", "");
  begin(home);
  home.enter({ ...variables?.(home), HTTP_PROXY: proxy.url });
  home.given();
  await proxy.log();
  const map = new S3BucketMap("bucket", { endpoint: server.endpoint, region: "us-east-1" });
  // Past the SDK, and by it.
  map.set("key", "1").set("key", "2", { metadata: { note: "two  spaces" } });
  expect(home.given()).toBeGreaterThan(0);
  const log = await proxy.log();
  expect(log.some((line) => line.includes(server.endpoint))).toBe(true);
  expect(log.some((line) => line.includes(home.endpoint))).toBe(services.includes(name));
});
