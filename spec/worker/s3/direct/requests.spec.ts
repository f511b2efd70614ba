import dns from "node:dns";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { environmentOf } from "../../../../lib/arguments/environment.js";
import type { ClientConfig, ObjectHeaders } from "../../../../lib/bridge/protocol.js";
import { version } from "../../../../lib/build-stamp.js";
import { deleteObject } from "../../../../lib/worker/s3/operations/delete-object.js";
import { getObject, getObjectAlone } from "../../../../lib/worker/s3/operations/get-object.js";
import { headObject, objectExists } from "../../../../lib/worker/s3/operations/head-object.js";
import { listObjects } from "../../../../lib/worker/s3/operations/list-objects.js";
import { putObject } from "../../../../lib/worker/s3/operations/put-object.js";
import { S3 } from "../../../../lib/worker/s3/s3.js";
import { sdk } from "../../../../lib/worker/s3/sdk.js";
import { crc32 } from "../../../../lib/worker/s3/direct/writes.js";
import { signer } from "../../../../lib/worker/s3/direct/sign.js";
import { escapeUri, toSearch } from "../../../../lib/worker/s3/direct/messages.js";

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let server: Server;
let seen: Seen[] = [];
let answerHeaders: Record<string, string> = {};
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1").on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body });
      const page = `<ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType></ListBucketResult>`;
      if (url.includes("/missing")) {
        response.writeHead(404, { "x-amz-request-id": "id" });
        response.end(method === "HEAD" ? undefined : "<Error><Code>NoSuchKey</Code></Error>");
        return;
      }
      const isGet = method === "GET" || method === "HEAD";
      const upload = `<Result><UploadId>a+b/c=</UploadId><ETag>"e"</ETag></Result>`;
      const text = method === "POST" ? upload : url.includes("list-type=2") ? page : isGet ? "value" : "";
      response.writeHead(method === "DELETE" ? 204 : 200, {
        etag: '"e"',
        "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT",
        ...(method === "DELETE" ? {} : { "content-length": text.length }),
        ...answerHeaders,
      });
      response.end(method === "HEAD" ? undefined : text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
  answerHeaders = {};
  leaveFirstToSdk();
});
afterEach(() => delete process.env["AWS_RETRY_MODE"]);

/** A variable of which nothing is known here but by the SDK; it has this value in any case. */
function leaveFirstToSdk(): void {
  process.env["AWS_RETRY_MODE"] = "standard";
}

const task = { signal: new AbortController().signal, doubt: undefined };
const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };

function settings(more: Partial<ClientConfig> = {}): ClientConfig {
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  return { bucket: "bucket", endpoint, region: "us-east-1", credentials, concurrency: 4, ...more };
}

const key = "a b/ü/../x//'()*!~+%2F";
const headers = { contentType: "text/plain; charset=utf-8" };

function get(s3: S3, key: string, maxBytes: number): Promise<unknown> {
  return s3.run((target) => getObjectAlone(target, { key, maxBytes }, task));
}

function has(s3: S3, key: string): Promise<boolean> {
  return s3.run((target) => objectExists(target, key, task));
}

function set(s3: S3, key: string, body: string | Uint8Array, headers: ObjectHeaders): Promise<undefined> {
  return s3.run((target) => putObject(target, key, body, headers, task));
}

const operations: Record<string, (s3: S3) => Promise<unknown>> = {
  get: (s3) => get(s3, key, 1000),
  head: (s3) => s3.run((target) => headObject(target, key, task)),
  set: (s3) => set(s3, key, "välue", headers),
  "set with all headers": (s3) =>
    set(s3, key, Buffer.from([0, 255]), {
      ...headers,
      contentEncoding: "gzip",
      cacheControl: "no-cache",
      metadata: { Name: "a value" },
    }),
  "set of nothing": (s3) => set(s3, key, "", headers),
  delete: (s3) => s3.run((target) => deleteObject(target, key, task)),
  "the first page": (s3) => s3.run((target) => listObjects(target, { prefix: "", limit: 1000 }, task)),
  "a page after a key": (s3) =>
    s3.run((target) => listObjects(target, { prefix: key, limit: 7, startAfter: key }, task)),
  "a page by its token": (s3) =>
    s3.run((target) =>
      listObjects(target, { prefix: "p", limit: 7, token: "a+b/c=", startAfter: "x" }, task),
    ),
};

/** What of a request does not depend on when it was sent, and by whom. */
function lasting({ method, url, headers, body }: Seen): object {
  const own = /^(amz-sdk-|user-agent$|x-amz-date$|authorization$)/;
  const rest = Object.entries(headers).filter(([name]) => !own.test(name));
  return { method, url, headers: Object.fromEntries(rest), body };
}

const bySdk = ({ headers }: Seen): boolean => headers["amz-sdk-invocation-id"] !== undefined;

const all: [string, Partial<ClientConfig>][] = [
  ["plain settings", {}],
  ["a session's token", { credentials: { ...credentials, sessionToken: "token/+=" } }],
  ["nobody's credentials", { anonymous: true }],
  ["the requester's money", { requestPayer: true }],
  ["encryption", { serverSideEncryption: "aws:kms", kmsKeyId: "arn:aws:kms:x:1:key/2" }],
  ["a storage class", { storageClass: "STANDARD_IA" }],
  ["another region", { region: "eu-central-1" }],
];

describe("a first try past the SDK", () => {
  describe.each(all)("with %s", (_name, more) => {
    it.each(Object.entries(operations))("sends for %s what the SDK sends", async (_operation, run) => {
      const s3 = new S3(settings(more), environmentOf(process.env));
      await run(s3);
      await run(s3);
      expect(seen.map(bySdk)).toEqual([true, false]);
      expect(lasting(seen[1]!)).toEqual(lasting(seen[0]!));
    });

    it("signs as the SDK's signer does", async () => {
      const s3 = new S3(settings(more), environmentOf(process.env));
      for (const run of [operations["get"]!, ...Object.values(operations)]) await run(s3);
      for (const request of seen.slice(1)) {
        expect(bySdk(request)).toBe(false);
        const told = request.headers.authorization;
        expect(told).toBe(more.anonymous ? undefined : await signedBySdk(request, settings(more)));
      }
    });
  });

  it.each(all)(
    "sends of a part of an upload what the SDK sends, but for Expect, with %s",
    async (_name, more) => {
      const s3 = new S3(settings(more), environmentOf(process.env));
      await set(s3, key, Buffer.alloc(16 * 1024 ** 2 + 1, "long"), headers);
      const part = seen.find(({ url }) => url.includes("partNumber=3"))!;
      expect(bySdk(part)).toBe(false);
      const { endpoint, requestPayer } = settings(more);
      const client = new sdk.S3Client({
        ...settings(more),
        endpoint: endpoint!,
        forcePathStyle: true,
        customUserAgent: `s3bucketmap/${version}`,
        ...(more.anonymous ? { signer: { sign: (request) => Promise.resolve(request) } } : {}),
      });
      seen = [];
      const UploadId = "a+b/c=";
      await client.send(
        new sdk.UploadPartCommand({
          ...{ Bucket: "bucket", Key: key, UploadId, PartNumber: 3, Body: Buffer.from("l") },
          ChecksumCRC32: crc32(Buffer.from("l")),
          ...(requestPayer ? { RequestPayer: "requester" } : {}),
        }),
      );
      client.destroy();
      delete seen[0]!.headers["expect"];
      expect(lasting(part)).toEqual(lasting(seen[0]!));
      if (!more.anonymous) expect(part.headers.authorization).toBe(await signedBySdk(part, settings(more)));
    },
  );

  it("is made to the bucket's own host, where that is how it is reached", async () => {
    jest
      .spyOn(dns, "lookup")
      .mockImplementation(((_name: string, options: { all?: boolean }, done: (...args: unknown[]) => void) =>
        done(null, ...(options.all ? [[{ address: "127.0.0.1", family: 4 }]] : ["127.0.0.1", 4]))) as never);
    const { port } = server.address() as AddressInfo;
    try {
      const s3 = new S3(
        settings({ endpoint: `http://somewhere:${port}`, forcePathStyle: false }),
        environmentOf(process.env),
      );
      for (const operation of ["get", "get", "set", "the first page"]) await operations[operation]!(s3);
    } finally {
      jest.restoreAllMocks();
    }
    expect(seen.map(bySdk)).toEqual([true, false, false, false]);
    expect(new Set(seen.map(({ headers }) => headers.host))).toEqual(new Set([`bucket.somewhere:${port}`]));
    expect(seen[1]!.url).toBe(seen[0]!.url);
    for (const request of seen) {
      expect(request.url).not.toMatch(/^\/bucket/);
      expect(request.headers.authorization).toBe(await signedBySdk(request, settings()));
    }
  });

  it("is made under an endpoint's path", async () => {
    const s3 = new S3(
      settings({ endpoint: `${settings().endpoint}/base/path/` }),
      environmentOf(process.env),
    );
    await get(s3, "k", 1000);
    await get(s3, "k", 1000);
    expect(seen.map(({ url }) => url)).toEqual(Array(2).fill("/base/path/bucket/k?x-id=GetObject"));
    expect(seen.map(bySdk)).toEqual([true, false]);
  });

  it.each([
    ["AWS_REQUEST_CHECKSUM_CALCULATION", "set"],
    ["AWS_RESPONSE_CHECKSUM_VALIDATION", "get"],
  ])("heeds %s", async (variable, operation) => {
    process.env[variable] = "WHEN_REQUIRED";
    try {
      const s3 = new S3(settings(), environmentOf(process.env));
      await operations[operation]!(s3);
      await operations[operation]!(s3);
    } finally {
      delete process.env[variable];
    }
    expect(seen.map(bySdk)).toEqual([true, false]);
    // Where the SDK does not ask for a checksum, it sends the one of its empty request, which nobody looks at.
    const unwanted = operation === "get" ? /checksum-mode/ : /checksum/;
    for (const { headers } of seen) expect(Object.keys(headers).join()).not.toMatch(unwanted);
  });

  it("is signed with the credentials that are valid then", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-credentials-"));
    const count = path.join(folder, "count");
    const script = path.join(folder, "credentials.js");
    writeFileSync(
      script,
      `const fs = require("fs"); fs.appendFileSync(${JSON.stringify(count)}, "x");
       const AccessKeyId = "AKID" + fs.readFileSync(${JSON.stringify(count)}).length;
       const Expiration = new Date(Date.now() + 60_000).toISOString();
       console.log(JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey: "secret", Expiration }));`,
    );
    const config = path.join(folder, "config");
    writeFileSync(config, `[profile short]\ncredential_process = ${process.execPath} ${script}\n`);
    const before = process.env["AWS_CONFIG_FILE"];
    process.env["AWS_CONFIG_FILE"] = config;
    try {
      const { credentials: _none, ...rest } = settings({ profile: "short" });
      const s3 = new S3(rest, environmentOf(process.env));
      await get(s3, "k", 1000);
      // They end soon, and the SDK asks for new ones in the background.
      const used = (): number => Number(/AKID(\d+)/.exec(seen.at(-1)?.headers.authorization ?? "")?.[1]);
      const first = used();
      const asked = performance.now();
      while (used() === first && performance.now() - asked < 20_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await get(s3, "k", 1000);
      }
      expect(used()).toBeGreaterThan(first);
      expect(seen.filter(bySdk)).toHaveLength(1);
    } finally {
      if (before === undefined) delete process.env["AWS_CONFIG_FILE"];
      else process.env["AWS_CONFIG_FILE"] = before;
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a first try on a route that is foreseen", () => {
  it.each(all)("is made by the first request, and as the SDK makes it, with %s", async (_name, more) => {
    for (const [name, run] of Object.entries(operations)) {
      delete process.env["AWS_RETRY_MODE"];
      seen = [];
      await run(new S3(settings(more), environmentOf(process.env)));
      leaveFirstToSdk();
      await run(new S3(settings(more), environmentOf(process.env)));
      expect([name, ...seen.map(bySdk)]).toEqual([name, false, true]);
      // What the SDK says of itself.
      delete seen[1]!.headers["x-amz-user-agent"];
      expect(lasting(seen[0]!)).toEqual(lasting(seen[1]!));
      const told = seen[0]!.headers.authorization;
      expect(told).toBe(more.anonymous ? undefined : await signedBySdk(seen[0]!, settings(more)));
    }
  });

  it.each(all)("asks for a missing key's reason as the SDK does, with %s", async (_name, more) => {
    delete process.env["AWS_RETRY_MODE"];
    expect(await has(new S3(settings(more), environmentOf(process.env)), "missing")).toBe(false);
    leaveFirstToSdk();
    expect(await has(new S3(settings(more), environmentOf(process.env)), "missing")).toBe(false);
    const [head, byte, headBySdk, byteBySdk] = seen as [Seen, Seen, Seen, Seen];
    expect(byte.headers.range).toBe("bytes=0-0");
    expect([head, byte, headBySdk].map(bySdk)).toEqual([false, false, true]);
    for (const { headers: told } of [headBySdk, byteBySdk]) delete told["x-amz-user-agent"];
    expect([head, byte].map(lasting)).toEqual([headBySdk, byteBySdk].map(lasting));
  });

  it("gives way to the route that the SDK has taken", async () => {
    delete process.env["AWS_RETRY_MODE"];
    const s3 = new S3(settings(), environmentOf(process.env));
    const run = operations["get"]!;
    await run(s3);
    await set(s3, "k", "v", { ...headers, metadata: { a: " b " } });
    await run(s3);
    expect(seen.map(bySdk)).toEqual([false, true, false]);
    const toldOfSdk = seen.map((request) => "x-amz-user-agent" in request.headers);
    expect(toldOfSdk).toEqual([false, true, true]);
  });
});

describe("what is left to the SDK from the start", () => {
  it.each<[string, (s3: S3) => Promise<unknown>]>([
    ["a large value", (s3) => set(s3, "k", Buffer.alloc(1024 * 1024 + 1), headers)],
    ["metadata with spaces around", (s3) => set(s3, "k", "v", { ...headers, metadata: { a: " b " } })],
    ["a header with two spaces", (s3) => set(s3, "k", "v", { ...headers, cacheControl: "a  b" })],
  ])("is %s", async (_name, run) => {
    const s3 = new S3(settings(), environmentOf(process.env));
    await get(s3, "k", 1000);
    await run(s3);
    expect(seen.map(bySdk)).toEqual([true, true]);
  });
});

describe("a checksum of another kind", () => {
  const sha256 = createHash("sha256").update("value").digest("base64");
  it.each([
    ["right", "x-amz-checksum-sha256", sha256],
    ["wrong", "x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
    ["wrong", "x-amz-checksum-crc32", "AAAAAA=="],
    ["of parts", "x-amz-checksum-crc32", "AAAAAA==-2"],
  ])("that is %s (%s) is checked by the SDK, without a request more", async (how, header, given) => {
    const s3 = new S3(settings(), environmentOf(process.env));
    await get(s3, "k", 1000);
    seen = [];
    answerHeaders = { [header]: given };
    const result = await get(s3, "k", 1000).catch((error: unknown) => error);
    if (how === "wrong") {
      expect(result).toMatchObject({ code: "ChecksumMismatch", $metadata: { attempts: 3 } });
      expect(seen.map(bySdk)).toEqual([false, true, true]);
    } else {
      expect(Buffer.from((result as { body: Uint8Array }).body).toString()).toBe("value");
      expect(seen.map(bySdk)).toEqual([false]);
    }
  });
});

describe("a value that is too long", () => {
  it("is refused as it is by the SDK's way, and costs no request more", async () => {
    const s3 = new S3(settings(), environmentOf(process.env));
    const inWords = async (): Promise<string> =>
      String(await get(s3, "k", 4).catch((error: unknown) => error));
    const first = await inWords();
    expect(first).toContain("the value has 5 bytes, but at most 4 can be read");
    await get(s3, "k", 5);
    seen = [];
    expect(await inWords()).toBe(first);
    expect(seen.map(bySdk)).toEqual([false]);
    // The connection that was given up does not hold up the next.
    expect(Buffer.from((await s3.run((target) => getObject(target, "k", 5, task)))!.body).toString()).toBe(
      "value",
    );
  });
});

describe("signer()", () => {
  it("signs whatever is asked for as the SDK's signer does", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "PUT", "HEAD", "DELETE"),
        fc.array(text, { minLength: 1, maxLength: 4 }),
        fc.dictionary(
          text.filter((name) => name !== "" && name !== "__proto__"),
          text,
          { maxKeys: 4 },
        ),
        fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }),
        fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
        fc.date({ min: new Date("2000-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
        async (method, segments, query, bytes, token, date) => {
          const known = { ...credentials, ...(token === undefined ? {} : { sessionToken: token }) };
          const request = {
            method: method as "GET",
            path: `/${segments.map(escapeUri).join("/")}`,
            search: toSearch(query),
            headers: {
              host: "h:1",
              "user-agent": "u",
              "cache-control": "c",
              "x-amz-meta-a": "b c",
            } as Record<string, string>,
            ...(bytes === undefined ? {} : { body: Buffer.from(bytes) }),
          };
          const unsigned = structuredClone(request.headers);
          await signer(
            "r",
            "s3",
            () => Promise.resolve(known),
            () => date.getTime(),
          )(request);
          const expected = await sdkSigner(known, "r").then((signer) =>
            signer.sign(
              { ...request, protocol: "http:", hostname: "h", query, headers: unsigned },
              { signingDate: date, signingRegion: "r", signingService: "s3" },
            ),
          );
          expect(request.headers).toEqual(expected.headers);
        },
      ),
    );
  });
});

interface SdkSigner {
  sign(
    request: object,
    options: { signingDate: Date; signingRegion: string; signingService: string },
  ): Promise<{ headers: Record<string, string> }>;
}

function sdkSigner(known: object, region: string): Promise<SdkSigner> {
  const client = new sdk.S3Client({ region, credentials: known as typeof credentials });
  const config = client.config as unknown as { signer(scheme: object): Promise<SdkSigner> };
  return config.signer({ name: "sigv4", signingName: "s3", signingRegion: region });
}

async function signedBySdk(
  request: Seen,
  { credentials: known, region = "" }: ClientConfig,
): Promise<string | undefined> {
  const [path = "", search = ""] = request.url.split("?");
  const signed = /SignedHeaders=([^,]*)/.exec(request.headers.authorization ?? "")?.[1]?.split(";") ?? [];
  const given = signed.filter((name) => !/^x-amz-(date|content-sha256|security-token)$/.test(name));
  const date = request.headers["x-amz-date"] as string;
  const signingDate = new Date(date.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, "$1-$2-$3T$4:$5:$6Z"));
  const signer = await sdkSigner(known!, region);
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol: "http:",
      hostname: "127.0.0.1",
      path,
      query: Object.fromEntries(new URLSearchParams(search)),
      headers: Object.fromEntries(given.map((name) => [name, request.headers[name]])),
      ...(request.method === "PUT" ? { body: Buffer.from(request.body, "latin1") } : {}),
    },
    { signingDate, signingRegion: region, signingService: "s3" },
  );
  return headers["authorization"];
}
