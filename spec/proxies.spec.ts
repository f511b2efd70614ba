import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import { wayTo } from "../lib/worker/s3/transport/proxy.js";
import { makeCertificates, startProxy } from "./support/proxy.js";
import type { Proxy } from "./support/proxy.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(60_000);

const before = { ...process.env };
const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-proxies-"));
const file = (name: string): string => path.join(folder, name);

let server: HttpS3;
let open: Proxy;
let guarded: Proxy;
beforeAll(async () => {
  makeCertificates(folder);
  server = await startHttpS3();
  open = await startProxy(folder, server.endpoint);
  guarded = await startProxy(folder, server.endpoint, "p@ss:word");
});
beforeEach(async () => {
  for (const name of Object.keys(process.env)) if (/^AWS_|_proxy$/i.test(name)) delete process.env[name];
  await open.log();
  await guarded.log();
});
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
  await Promise.all([open.end(), guarded.end(), server.close()]);
});

const keys = "aws_access_key_id = key\naws_secret_access_key = secret\n";

let maps = 0;
function map(endpoint: string, wait: "atomics" | "deasync" = "atomics"): S3BucketMap {
  maps += 1;
  const credentials = { accessKeyId: `key${maps}`, secretAccessKey: "secret" };
  return new S3BucketMap("bucket", {
    endpoint,
    region: "us-east-1",
    credentials,
    wait,
    prefix: `${maps}/`,
    timeoutMs: 15_000,
  });
}

function failure(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    expect((error as Error).message).not.toMatch(/p@ss|p%40ss|wrong word/);
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

/** One request past the SDK, and one that only the SDK makes. */
function use(bucket: S3BucketMap): void {
  bucket.set("a", "1").set("b", "2", { metadata: { note: "two  spaces" } });
  expect([...bucket.entries()]).toEqual([["a", "1"], ["b", "2"]]); // prettier-ignore
  bucket.clear();
  expect(bucket.size).toBe(0);
}

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it("an empty variable in lower case turns off what the other says", () => {
    const place = { secure: false, host: "a.example", port: 80 };
    const both = { http_proxy: "", HTTP_PROXY: "http://p" };
    expect(wayTo(place, both).proxy).toBeUndefined();
    const exceptions = { HTTP_PROXY: "http://p", no_proxy: "", NO_PROXY: "*" };
    expect(wayTo(place, exceptions).proxy?.host).toBe("p");
  });

  it.each(["http_proxy", "HTTP_PROXY"])("HTTP goes by %s, each request with its whole URL", async (name) => {
    process.env[name] = open.url;
    server.reset();
    use(map(server.endpoint, wait));
    const log = await open.log();
    expect(log).toHaveLength(server.log().length);
    for (const line of log) expect(line.split(" ")[1]!.startsWith(`${server.endpoint}/bucket`)).toBe(true);
  });

  it.each(["https_proxy", "HTTPS_PROXY"])("HTTPS goes by %s, through tunnels that are kept", async (name) => {
    // Tunnels of the same URL are kept from one map to the next.
    const url = `${open.url}/${name}-${wait}`;
    Object.assign(process.env, { [name]: url, AWS_CA_BUNDLE: file("ca.pem") });
    use(map(open.secure, wait));
    const log = await open.log();
    expect(new Set(log)).toEqual(new Set([`CONNECT ${new URL(open.secure).host}`]));
    expect(log.length).toBeLessThanOrEqual(3);
  });

  it("a user name and a password are those of the proxy's URL", async () => {
    const { host } = new URL(guarded.url);
    const url = `http://user:p%40ss%3Aword@${host}`;
    Object.assign(process.env, { HTTP_PROXY: url, HTTPS_PROXY: url, AWS_CA_BUNDLE: file("ca.pem") });
    use(map(server.endpoint, wait));
    use(map(guarded.secure, wait));
    expect((await guarded.log()).length).toBeGreaterThan(1);
  });
});

it.each(["127.0.0.1", "*", "example.com, 127.0.0.1", "127.0.0.0/8", "no.port 127.0.0.1:PORT"])(
  "no proxy is used where NO_PROXY is %s",
  async (exceptions) => {
    const { port } = new URL(server.endpoint);
    Object.assign(process.env, { HTTP_PROXY: open.url, NO_PROXY: exceptions.replace("PORT", port) });
    use(map(server.endpoint));
    expect(await open.log()).toEqual([]);
  },
);

it.each(["27.0.0.1", "0.1", ".0.1", "*.0.0.1", "localhost", "127.0.0.1:1", ""])(
  "a proxy is used where NO_PROXY is %j",
  async (exceptions) => {
    Object.assign(process.env, { HTTP_PROXY: open.url, NO_PROXY: exceptions });
    use(map(server.endpoint));
    expect(await open.log()).not.toEqual([]);
  },
);

it("a proxy may speak TLS itself", async () => {
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY"])
    process.env[name] = guarded.byTls.replace("//", "//user:p%40ss%3Aword@");
  process.env["AWS_CA_BUNDLE"] = file("ca.pem");
  use(map(server.endpoint));
  use(map(guarded.secure));
  const log = await guarded.log();
  expect(log.some((line) => line.startsWith(`PUT ${server.endpoint}/bucket/`))).toBe(true);
  expect(log).toContain(`CONNECT ${new URL(guarded.secure).host}`);
});

it("NODE_EXTRA_CA_CERTS names a CA that is trusted, for the service and for the proxy", async () => {
  const settings = { region: "x", credentials: { accessKeyId: "key", secretAccessKey: "secret" } };
  const source = `const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../dist/index.js"))});
for (const endpoint of ${JSON.stringify([open.secure, server.endpoint])}) {
  const map = new S3BucketMap("bucket", { ...${JSON.stringify(settings)}, endpoint });
  map.set("a", "1").set("b", "2", { metadata: { note: "two  spaces" } });
  if (map.get("a") + map.get("b") !== "12") throw new Error("other values");
}`;
  for (const variables of [{}, { HTTPS_PROXY: open.byTls, HTTP_PROXY: open.byTls }]) {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file("ca.pem"), ...variables };
    const child = spawn(process.execPath, ["-e", source], { env, stdio: "inherit" });
    expect(await once(child, "close")).toEqual([0, null]);
  }
  expect(await open.log()).toContain(`CONNECT ${new URL(open.secure).host}`);
});

describe("NO_PROXY and the addresses of IPv6", () => {
  const goesByProxy = (host: string, exceptions: string): boolean =>
    wayTo({ secure: false, host, port: 9000 }, { http_proxy: "http://p", NO_PROXY: exceptions }).proxy !==
    undefined;

  it.each(["::1", "[::1]", "[::1]:9000", "0:0:0:0:0:0:0:1", "::/64", "::1/128", "a.example, ::1", "*"])(
    "no proxy is used for ::1 where it is %s",
    (exceptions) => expect(goesByProxy("::1", exceptions)).toBe(false),
  );

  it.each(["::2", "[::1]:9001", "fd00::/8", "1", "127.0.0.1", "::1/129", ":1", "[::]"])(
    "a proxy is used for ::1 where it is %s",
    (exceptions) => expect(goesByProxy("::1", exceptions)).toBe(true),
  );

  it("a range has the addresses that begin with it", () => {
    expect(goesByProxy("fd12:3456::7", "fd00::/8")).toBe(false);
    expect(goesByProxy("fe80::7", "fd00::/8")).toBe(true);
  });
});

it("a percent sign in a password may stand for itself", () => {
  const url = new URL(guarded.url);
  process.env["HTTP_PROXY"] = `http://user:100%@${url.host}`;
  expect(failure(() => map(server.endpoint).get("a"))).toMatchObject({ code: "HTTP407" });
});

it("a map's proxy is that of its first request", async () => {
  process.env["HTTP_PROXY"] = open.url;
  const [early, late] = [map(server.endpoint), map(server.endpoint)];
  use(early);
  expect(await open.log()).not.toEqual([]);
  delete process.env["HTTP_PROXY"];
  use(late);
  expect(await open.log()).toEqual([]);
  use(early);
  expect(await open.log()).not.toEqual([]);
});

describe("what goes wrong", () => {
  it.each(["HTTP_PROXY", "HTTPS_PROXY"])(
    "names a proxy of %s that cannot be reached, without its password",
    (name) => {
      Object.assign(process.env, { [name]: "http://user:p%40ss@127.0.0.1:1", AWS_CA_BUNDLE: file("ca.pem") });
      const endpoint = name === "HTTP_PROXY" ? server.endpoint : open.secure;
      const error = failure(() => map(endpoint).set("a", "1"));
      expect(error).toMatchObject({ code: "NetworkError" });
      expect(error.message).toContain(`the proxy http://127.0.0.1:1 (${name}) cannot be reached`);
      expect(error.message).not.toContain("may still have happened");
    },
  );

  it.each(["", "user:wrong%20word@"])("says what to do where a proxy refuses who asks: %j", (who) => {
    const url = guarded.url.replace("//", `//${who}`);
    Object.assign(process.env, { HTTP_PROXY: url, HTTPS_PROXY: url, AWS_CA_BUNDLE: file("ca.pem") });
    const tunnel = failure(() => map(guarded.secure).set("a", "1"));
    expect(tunnel).toMatchObject({ code: "BadConfiguration" });
    expect(tunnel.message).toContain("in HTTPS_PROXY, as http://user:password@host:port");
    const plain = failure(() => map(server.endpoint).set("a", "1"));
    expect(plain).toMatchObject({ code: "HTTP407" });
    expect(plain.message).toContain("in HTTP_PROXY, as http://user:password@host:port");
    for (const { message } of [tunnel, plain]) expect(message).not.toContain("may still have happened");
  });

  it("says what to do where a proxy says 401 of its own password", () => {
    process.env["HTTPS_PROXY"] = guarded.url.replace("//", "//user:wrong%20word@");
    const error = failure(() => map("https://unknown.invalid").set("a", "1"));
    expect(error).toMatchObject({ code: "BadConfiguration" });
    expect(error.message).toContain("rejected the user name and password (HTTP 401)");
  });

  it.each([
    ["gone", "rejected a connection to gone.invalid:443: HTTP 502 Bad Gateway"],
    ["drop", "sent no response for drop.invalid:443"],
  ])("names a proxy that has no way to a service: %s", (host, says) => {
    process.env["HTTPS_PROXY"] = open.url;
    const error = failure(() => map(`https://${host}.invalid`).set("a", "1"));
    expect(error).toMatchObject({ code: "NetworkError" });
    expect(error.message).toContain(`the proxy ${open.url} (HTTPS_PROXY) ${says}`);
    expect(error.message).not.toContain("may still have happened");
  });

  it.each(["HTTP_PROXY", "HTTPS_PROXY"])("names a proxy of %s whose certificate is not trusted", (name) => {
    process.env[name] = open.byTls;
    const endpoint = name === "HTTP_PROXY" ? server.endpoint : "https://s3.invalid";
    const error = failure(() => map(endpoint).set("a", "1"));
    expect(error).toMatchObject({ code: "NetworkError" });
    expect(error.message).toContain(`the proxy ${open.byTls} (${name}) cannot be reached`);
    expect(error.message).toContain("AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS");
    expect(error.message).not.toContain("may still have happened");
  });

  it("says which tunnel a proxy refuses", () => {
    process.env["HTTPS_PROXY"] = open.url;
    const error = failure(() => map("https://s3.invalid:8443").set("a", "1"));
    expect(error).toMatchObject({ code: "NetworkError" });
    expect(error.message).toContain("rejected a connection to s3.invalid:8443: HTTP 403 Forbidden");
  });

  it.each(["socks5://127.0.0.1:1", "http://"])("refuses what is no HTTP proxy: %s", (url) => {
    process.env["HTTP_PROXY"] = url;
    expect(failure(() => map(server.endpoint).get("a"))).toMatchObject({ code: "BadConfiguration" });
  });

  it("says how a private CA is trusted", () => {
    const error = failure(() => map(open.secure).get("a"));
    expect(error).toMatchObject({ code: "NetworkError" });
    expect(error.message).toContain("AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS");
  });

  it("names a bundle that cannot be read", () => {
    process.env["AWS_CA_BUNDLE"] = file("none.pem");
    const error = failure(() => map(open.secure).get("a"));
    expect(error).toMatchObject({ code: "BadConfiguration" });
    expect(error.message).toContain(file("none.pem"));
  });
});

it.each([
  ["the default profile", "[default]", {}, undefined],
  ["the default profile, with an empty AWS_PROFILE,", "[default]", {}, ""],
  ["the option's profile", "[default]\nca_bundle = /nowhere\n[profile mine]", { profile: "mine" }, undefined],
])(
  "trusts the CA that ca_bundle of %s names; AWS_CA_BUNDLE comes first",
  (_whose, section, options, named) => {
    if (named !== undefined) process.env["AWS_PROFILE"] = named;
    writeFileSync(file("config"), `${section}\nca_bundle = ${file("ca.pem")}\n${keys}`);
    process.env["AWS_CONFIG_FILE"] = file("config");
    const secured = (): S3BucketMap =>
      new S3BucketMap("bucket", { endpoint: open.secure, region: "x", ...options });
    use(secured());
    process.env["AWS_CA_BUNDLE"] = file("none.pem");
    expect(failure(() => secured().get("a")).message).toContain(file("none.pem"));
  },
);

it("trusts the CA that AWS_CA_BUNDLE names, without a proxy", () => {
  process.env["AWS_CA_BUNDLE"] = file("ca.pem");
  use(map(open.secure));
});
