import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
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

it("an instance's role is asked for directly where Node's own agent goes by the proxy, as with NODE_USE_ENV_PROXY", async () => {
  home.become("First");
  home.write(".aws/config", "");
  home.write(".aws/credentials", "");
  home.enter({ AWS_EC2_METADATA_SERVICE_ENDPOINT: home.endpoint, AWS_EC2_METADATA_DISABLED: "false" });
  home.given();
  await proxy.log();
  const { hostname, port } = new URL(proxy.url);
  const agent = home.write(
    "agent.js",
    `const http = require("node:http"), net = require("node:net");
http.globalAgent = new http.Agent();
http.globalAgent.createConnection = () => net.connect(${port}, "${hostname}");`,
  );
  const source = `const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
new S3BucketMap("bucket", { endpoint: "${server.endpoint}", region: "us-east-1" }).set("key", "1");`;
  const env = { ...process.env, NODE_OPTIONS: `--require=${agent}` };
  const child = spawn(process.execPath, ["-e", source], { env, stdio: "inherit" });
  expect(await once(child, "close")).toEqual([0, null]);
  expect(home.given()).toBe(1);
  expect(await proxy.log()).toEqual([]);
});
