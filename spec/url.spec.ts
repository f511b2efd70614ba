import { writeFileSync } from "node:fs";
import path from "node:path";
import { S3BucketMap } from "../lib/index.js";
import type { LinkOptions, S3BucketOptions } from "../lib/index.js";
import {
  cache,
  encrypt,
  gzip,
  json,
  readonly,
  structured,
  text,
  transform,
  writeBuffer,
} from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(30_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => server.reset());
afterEach(() => server.clearFaults());

const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
function open(options: S3BucketOptions = {}): S3BucketMap {
  return new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "eu-central-1",
    credentials,
    ...options,
  });
}

const parameter = (url: string, name: string): string | null => new URL(url).searchParams.get(name);
const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

/** Fetches until the answer has this status. */
async function statusOf(url: string, wanted: number): Promise<number> {
  for (;;) {
    const { status } = await fetch(url);
    if (status === wanted) return status;
  }
}

describe.each(["atomics", "deasync"] as const)("S3BucketMap#url(), wait: %s", (wait) => {
  it("gives a link by which anybody reads the value, without a request of its own", async () => {
    const map = open({ wait, prefix: "of url/" });
    map.set("a key+ü?", "the value");
    server.reset();
    const url = map.url("a key+ü?");
    expect(server.counts().total).toBe(0);
    expect(await (await fetch(url)).text()).toBe("the value");
    expect(server.log()).toMatchObject([
      { operation: "GetObject", key: "of url/a key+ü?", authorized: false },
    ]);
  });

  it("gives a link that stores a value of any length", async () => {
    const map = open({ wait });
    const url = map.url("stored by a link", { method: "PUT" });
    expect(url).not.toMatch(/checksum/i);
    expect((await fetch(url, { method: "PUT", body: "any text" })).status).toBe(200);
    expect(map.get("stored by a link")).toBe("any text");
  });
});

describe("S3BucketMap#url()", () => {
  it("lasts an hour, or as long as is said", async () => {
    const map = open();
    map.set("key", "value");
    expect(parameter(map.url("key"), "X-Amz-Expires")).toBe("3600");
    expect(parameter(map.url("key", { expiresIn: 604_800 }), "X-Amz-Expires")).toBe("604800");
    const short = map.url("key", { expiresIn: 2 });
    expect((await fetch(short)).status).toBe(200);
    expect(await statusOf(short, 403)).toBe(403);
  });

  it("is signed for the endpoint, bucket, region and key of the map", () => {
    const { origin, pathname } = new URL(open({ prefix: "p/" }).url("a//b"));
    expect([origin, pathname]).toEqual([server.endpoint, "/bucket/p/a//b"]);
    expect(parameter(open().url("key"), "X-Amz-Credential")).toMatch(
      /^key\/\d{8}\/eu-central-1\/s3\/aws4_request$/,
    );
    const token = { ...credentials, sessionToken: "token" };
    expect(parameter(open({ credentials: token }).url("key"), "X-Amz-Security-Token")).toBe("token");
    expect(parameter(open({ requestPayer: true }).url("key"), "x-amz-request-payer")).toBe("requester");
  });

  it("needs no key that exists", async () => {
    expect((await fetch(open().url("missing"))).status).toBe(404);
  });

  it("has the Content-Type of a PUT signed", async () => {
    const map = open();
    const url = map.url("picture", { method: "PUT", contentType: "image/png" });
    expect(parameter(url, "X-Amz-SignedHeaders")).toBe("content-type;host");
    const put = { method: "PUT", body: Buffer.from("png"), headers: { "content-type": "image/png" } };
    expect((await fetch(url, put)).status).toBe(200);
    expect(map.head("picture")!.contentType).toBe("image/png");
    // Anything may be sent where none was named.
    expect(parameter(map.url("picture", { method: "PUT" }), "X-Amz-SignedHeaders")).toBe("host");
  });

  it("has a GET answered with a Content-Type and a name to save it by", async () => {
    const map = open();
    map.set("key", "value");
    const { headers } = await fetch(map.url("key", { contentType: "text/csv", filename: "plan.csv" }));
    expect(headers.get("content-type")).toBe("text/csv");
    expect(headers.get("content-disposition")).toBe('attachment; filename="plan.csv"');
  });

  it.each([
    ["plain.txt", 'attachment; filename="plain.txt"'],
    ['a "b".txt', `attachment; filename="a _b_.txt"; filename*=UTF-8''a%20%22b%22.txt`],
    [
      "Übersicht (1).pdf",
      `attachment; filename="_bersicht (1).pdf"; filename*=UTF-8''%C3%9Cbersicht%20%281%29.pdf`,
    ],
    ["a\r\nb", `attachment; filename="a__b"; filename*=UTF-8''a%0D%0Ab`],
  ])("writes the name %j so that every browser knows it", (filename, disposition) => {
    expect(parameter(open().url("key", { filename }), "response-content-disposition")).toBe(disposition);
  });

  it.each<[string, unknown]>([
    ["no time at all", { expiresIn: 0 }],
    ["half a second", { expiresIn: 0.5 }],
    ["more than 7 days", { expiresIn: 604_801 }],
    ["endless time", { expiresIn: Infinity }],
    ["a time in words", { expiresIn: "3600" }],
    ["another method", { method: "DELETE" }],
    ["a method in lower case", { method: "get" }],
    ["an empty name", { filename: "" }],
    ["a name of a lone surrogate", { filename: "\ud800" }],
    ["a name for a PUT", { method: "PUT", filename: "x" }],
    ["a Content-Type that no header can have", { contentType: "text\nplain" }],
    ["a misspelt option", { expires: 5 }],
    ["a number for options", 3600],
  ])("refuses %s before anything is sent", (_, options) => {
    expect(() => open().url("key", options as LinkOptions)).toThrow(TypeError);
    expect(server.counts().total).toBe(0);
  });

  it.each(["..", "a/../b", "./a", "a/."])("refuses the key %j, which clients resolve", (key) => {
    expect(() => open().url(key)).toThrow(TypeError);
    expect(() => open({ prefix: `${key}/` }).url("b")).toThrow(TypeError);
  });

  it("refuses the local S3, and anonymous maps", () => {
    const local = new S3BucketMap("bucket", { local: path.join(server.directory, "x") });
    expect(() => local.url("key")).toThrow(TypeError);
    const anonymous = new S3BucketMap("bucket", { endpoint: server.endpoint, anonymous: true });
    expect(() => anonymous.url("key")).toThrow(TypeError);
    const closed = open();
    closed.close();
    expect(() => closed.url("key")).toThrow(code("Closed"));
  });

  it("says which credentials are missing, and names the key", () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...others } = process.env;
    const before = process.env;
    process.env = { ...others, AWS_EC2_METADATA_DISABLED: "true", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
    try {
      const map = new S3BucketMap("bucket", { endpoint: server.endpoint, region: "us-east-1" });
      expect(() => map.url("key")).toThrow(code("CredentialsMissing"));
      expect(() => map.url("key")).toThrow(
        /^Cannot sign a link to "key" in bucket "bucket": CredentialsMissing/,
      );
    } finally {
      process.env = before;
    }
  });
});

describe("S3BucketMap#url() with credentials that end", () => {
  /** A map whose credentials a program gives, until so many seconds from now. */
  function ending(seconds: number): S3BucketMap {
    const expiration = new Date(Date.now() + 1000 * seconds).toISOString();
    const given = {
      Version: 1,
      AccessKeyId: "key",
      SecretAccessKey: "secret",
      SessionToken: "token",
      Expiration: expiration,
    };
    const file = path.join(server.directory, "config");
    const program = path.join(server.directory, "give.json");
    writeFileSync(program, JSON.stringify(given));
    writeFileSync(file, `[profile ending]\ncredential_process = cat ${program}\nregion = us-east-1\n`);
    const before = process.env["AWS_CONFIG_FILE"];
    process.env["AWS_CONFIG_FILE"] = file;
    const map = new S3BucketMap("bucket", { endpoint: server.endpoint, profile: "ending" });
    map.has("key");
    if (before === undefined) delete process.env["AWS_CONFIG_FILE"];
    else process.env["AWS_CONFIG_FILE"] = before;
    return map;
  }

  it("refuses a link that would end before it expires", () => {
    const map = ending(600);
    expect(() => map.url("key")).toThrow(code("CredentialsEndFirst"));
    expect(() => map.url("key", { expiresIn: 604_800 })).toThrow(/the credentials expire in 5\d\d seconds/);
    expect(parameter(map.url("key", { expiresIn: 60 }), "X-Amz-Expires")).toBe("60");
  });

  it("knows the end that the environment tells", () => {
    const before = process.env;
    const AWS_CREDENTIAL_EXPIRATION = new Date(Date.now() + 60_000).toISOString();
    process.env = {
      ...before,
      AWS_ACCESS_KEY_ID: "key",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "token",
      AWS_CREDENTIAL_EXPIRATION,
    };
    try {
      const map = new S3BucketMap("bucket", { endpoint: server.endpoint, region: "us-east-1" });
      expect(() => map.url("key")).toThrow(code("CredentialsEndFirst"));
      expect(parameter(map.url("key", { expiresIn: 30 }), "X-Amz-Expires")).toBe("30");
    } finally {
      process.env = before;
    }
  });

  it("refuses more than temporary credentials can last where nobody tells their end", () => {
    const map = open({ credentials: { ...credentials, sessionToken: "token" } });
    expect(() => map.url("key", { expiresIn: 604_800 })).toThrow(code("CredentialsEndFirst"));
    expect(map.url("key", { expiresIn: 129_600 })).toContain("X-Amz-Expires=129600");
  });
});

describe("url over layers", () => {
  const bytes = (): S3BucketMap<"bytes"> =>
    new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials,
      readAs: "bytes",
    });

  it.each([
    ["json", () => json(open())],
    ["structured", () => structured(bytes())],
    ["text", () => text(bytes())],
    ["gzip", () => gzip(bytes())],
    ["encrypt", () => encrypt(bytes(), Buffer.alloc(32))],
    ["transform", () => transform(open(), { encode: (value: string) => value, decode: (value) => value })],
    ["cache over json", () => cache(json(open()))],
    ["a sub-map of json", () => json(open()).subMap("sub/")],
  ])("is refused over %s", (_, make) => {
    expect(() => make().url("key")).toThrow(TypeError);
    expect(server.counts().total).toBe(0);
  });

  it("leads through cache and readonly, and readonly gives none that writes", async () => {
    open().set("key", "value");
    const map = readonly(cache(open(), { ttl: Infinity }));
    expect(await (await fetch(map.url("key"))).text()).toBe("value");
    expect(() => map.url("key", { method: "PUT" })).toThrow(/read-only/);
  });

  it("comes after what a write buffer holds", async () => {
    const map = writeBuffer(open());
    map.set("buffered", "value");
    expect(await (await fetch(map.url("buffered"))).text()).toBe("value");
  });
});
