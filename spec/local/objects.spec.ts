import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type GetObjectCommandInput,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { LocalS3Handler } from "../../lib/local/handler.js";
import { startHttpS3, type HttpS3 } from "../support/http-s3";
import {
  clientOf,
  leftovers,
  localClient,
  localHandler,
  md5,
  removeDirectories,
  send,
  temporaryDirectory,
} from "./client";

const Bucket = "bucket";
let server: HttpS3;
let overHttp: S3Client;
let local: S3Client;
// The SDK sends streams as they are only where it need not add a checksum.
let streaming: { overHttp: S3Client; local: S3Client };
beforeAll(async () => {
  server = await startHttpS3();
  overHttp = clientOf({ endpoint: server.endpoint });
  const directory = temporaryDirectory();
  local = localClient({ directory });
  const requestChecksumCalculation = "WHEN_REQUIRED";
  streaming = {
    overHttp: clientOf({ endpoint: server.endpoint, requestChecksumCalculation }),
    local: clientOf({ requestHandler: localHandler({ directory }), requestChecksumCalculation }),
  };
});
jest.setTimeout(60_000);
afterAll(async () => {
  removeDirectories();
  await server.close();
});

const put = (
  client: S3Client,
  Key: string,
  Body: NonNullable<PutObjectCommandInput["Body"]>,
  rest: Partial<PutObjectCommandInput> = {},
) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...rest }));
const get = (client: S3Client, Key: string, rest: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket, Key, ...rest }));
const bytesOf = async (answer: Awaited<ReturnType<typeof get>>) =>
  Buffer.from((await answer.Body?.transformToByteArray()) ?? []);

const oddKeys = [
  ...[
    "//",
    "/",
    "a//b",
    ".",
    "..",
    "./a",
    "../x",
    "../../etc/passwd",
    "%2F",
    "%",
    "%zz",
    "+",
    "a b",
    "&",
    "a&b=c",
    "?acl",
    "#",
  ],
  ...[
    "\r",
    "\n",
    "\t",
    "\u0001",
    "\u007f",
    "\uffff",
    "\ufffd",
    "\ufeff",
    "😀",
    "ú",
    "u\u0301",
    "<x>",
    '"',
    "'",
    "\\",
    "trailing/",
    "null",
  ],
  ...["__proto__", "constructor", "a\u0000b", " ", "x".repeat(1024), "é".repeat(512)],
];

describe.each(["in process", "over HTTP"])("an object, %s", (how) => {
  const client = () => (how === "in process" ? local : overHttp);

  it.each(oddKeys)("is kept under exactly the key %j", async (key) => {
    await put(client(), key, `value of ${key}`);
    const answer = await get(client(), key);
    expect(await answer.Body?.transformToString()).toBe(`value of ${key}`);
    expect((await client().send(new HeadObjectCommand({ Bucket, Key: key }))).ETag).toBe(answer.ETag);
  });

  it.each([0, 1, 2 ** 20 - 65, 2 ** 20 - 64, 2 ** 20 - 63, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 20 * 2 ** 20])(
    "of %d bytes comes back as it was, from a buffer and from a stream",
    async (size) => {
      const body = randomBytes(size);
      const { ETag } = await put(client(), "sized", body);
      expect(ETag).toBe(`"${md5(body)}"`);
      const answer = await get(client(), "sized");
      expect(answer.ContentLength).toBe(size);
      expect((await bytesOf(answer)).equals(body)).toBe(true);
      const pieces = [body.subarray(0, size >> 1), body.subarray(size >> 1)].filter(
        ({ length }) => length > 0,
      );
      const stream = streaming[how === "in process" ? "local" : "overHttp"];
      await put(stream, "streamed", Readable.from(pieces), { ContentLength: size });
      expect((await bytesOf(await get(client(), "streamed"))).equals(body)).toBe(true);
    },
  );

  it("answers the headers that it was stored with", async () => {
    const headers = {
      ContentType: "text/plain; charset=utf-8",
      ContentEncoding: "gzip",
      ContentLanguage: "sk",
      ContentDisposition: 'attachment; filename="a.txt"',
      CacheControl: "max-age=60",
      Metadata: { one: "1", two: "zwei" },
      StorageClass: "STANDARD_IA",
    } as const;
    await put(client(), "described", "x", headers);
    expect(await client().send(new HeadObjectCommand({ Bucket, Key: "described" }))).toMatchObject({
      ...headers,
      AcceptRanges: "bytes",
      ContentLength: 1,
      LastModified: expect.any(Date) as Date,
    });
    await put(client(), "described", "x");
    const plain = await get(client(), "described");
    expect(plain).toMatchObject({ ContentType: "application/octet-stream", Metadata: {} });
    expect(plain.ContentEncoding).toBeUndefined();
  });

  it("answers its checksum when asked for the whole", async () => {
    await put(client(), "k", "123456789", { ChecksumAlgorithm: "CRC32" });
    expect(await get(client(), "k", { ChecksumMode: "ENABLED" })).toMatchObject({
      ChecksumCRC32: "y/Q5Jg==",
      ChecksumType: "FULL_OBJECT",
    });
    const part = await get(client(), "k", { ChecksumMode: "ENABLED", Range: "bytes=0-3" });
    expect(part.ChecksumCRC32).toBeUndefined();
  });

  it.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-5", "2345", "bytes 2-5/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-100", "0123456789", "bytes 0-9/10"],
    ["bytes=5-100", "56789", "bytes 5-9/10"],
  ])("answers the range %s", async (Range, expected, ContentRange) => {
    await put(client(), "digits", "0123456789");
    const answer = await get(client(), "digits", { Range });
    expect(answer).toMatchObject({
      ContentRange,
      ContentLength: expected.length,
      $metadata: { httpStatusCode: 206 },
    });
    expect(await answer.Body?.transformToString()).toBe(expected);
  });

  it("answers ranges across the chunks of a large body", async () => {
    const body = randomBytes(3 * 2 ** 20);
    await put(client(), "large", body);
    for (const [start, end] of [
      [2 ** 20 - 70, 2 ** 20 + 3],
      [1, 3 * 2 ** 20 - 2],
      [2 ** 20 - 64, 2 ** 21],
    ] as const) {
      const answer = await get(client(), "large", { Range: `bytes=${start}-${end}` });
      expect((await bytesOf(answer)).equals(body.subarray(start, end + 1))).toBe(true);
    }
  });

  it.each(["bytes=10-", "bytes=10-20", "bytes=-0"])("refuses the range %s of 10 bytes", async (Range) => {
    await put(client(), "digits", "0123456789");
    await expect(get(client(), "digits", { Range })).rejects.toMatchObject({
      name: "InvalidRange",
      ActualObjectSize: "10",
      $metadata: { httpStatusCode: 416 },
    });
  });

  it("says NoSuchKey, with the key, for a missing one", async () => {
    await expect(get(client(), "missing")).rejects.toMatchObject({
      name: "NoSuchKey",
      Key: "missing",
      $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[0-9A-F]{16}$/) as string },
    });
    await expect(client().send(new HeadObjectCommand({ Bucket, Key: "missing" }))).rejects.toMatchObject({
      name: "NotFound",
    });
  });

  it("is written under conditions", async () => {
    const { ETag } = await put(client(), "conditional", "1");
    const refused = { name: "PreconditionFailed", $metadata: { httpStatusCode: 412 } };
    await expect(put(client(), "conditional", "2", { IfNoneMatch: "*" })).rejects.toMatchObject({
      ...refused,
      Condition: "If-None-Match",
    });
    await expect(put(client(), "conditional", "2", { IfMatch: '"0"' })).rejects.toMatchObject({
      ...refused,
      Condition: "If-Match",
    });
    await expect(put(client(), "absent", "2", { IfMatch: ETag })).rejects.toMatchObject({
      name: "NoSuchKey",
    });
    await expect(put(client(), "conditional", "2", { IfNoneMatch: ETag })).rejects.toMatchObject({
      name: "NotImplemented",
    });
    expect(await (await get(client(), "conditional")).Body?.transformToString()).toBe("1");
    await put(client(), "conditional", "2", { IfMatch: ETag });
    expect(await (await get(client(), "conditional")).Body?.transformToString()).toBe("2");
  });

  it("is copied, with other headers", async () => {
    await put(client(), "from ú+", "body", { ContentType: "text/plain", Metadata: { a: "b" } });
    const CopySource = `${Bucket}/${encodeURIComponent("from ú+")}`;
    const MetadataDirective = "REPLACE";
    const { CopyObjectResult } = await client().send(
      new CopyObjectCommand({ Bucket, Key: "to", CopySource, MetadataDirective, ContentType: "text/html" }),
    );
    expect(CopyObjectResult?.ETag).toBe(`"${md5("body")}"`);
    const copy = await get(client(), "to");
    expect(copy).toMatchObject({ ContentType: "text/html", Metadata: {} });
    expect((await bytesOf(copy)).toString()).toBe("body");
    await expect(
      client().send(
        new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/gone`, MetadataDirective }),
      ),
    ).rejects.toMatchObject({ name: "NoSuchKey" });
  });
});

describe("a conditional read", () => {
  const etag = `"${md5("x")}"`;
  const other = '"00000000000000000000000000000000"';
  it.each([
    [{ "if-match": etag }, 200],
    [{ "if-match": etag.slice(1, -1) }, 200],
    [{ "if-match": other }, 412],
    [{ "if-none-match": etag }, 304],
    [{ "if-none-match": other }, 200],
  ])("with %j is answered by %d", async (headers, status) => {
    const handler = localHandler();
    await send(handler, "PUT", "/bucket/k", { body: "x" });
    const got = await send(handler, "GET", "/bucket/k", { headers: headers });
    expect(got.status).toBe(status);
    expect(got.code).toBe(status === 412 ? "PreconditionFailed" : undefined);
    if (status === 304) expect(got).toMatchObject({ body: Buffer.alloc(0), headers: { etag } });
    const head = await send(handler, "HEAD", "/bucket/k", { headers: headers });
    expect(head).toMatchObject({ status, body: Buffer.alloc(0) });
  });
});

describe("what is refused", () => {
  let handler: LocalS3Handler;
  let directory: string;
  beforeEach(async () => {
    directory = temporaryDirectory();
    handler = localHandler({ directory });
    await send(handler, "PUT", "/bucket/k", { body: "old" });
  });

  const cases: [string, Parameters<typeof send>[3] & { path?: string }, number, string][] = [
    ["a wrong Content-MD5", { headers: { "content-md5": md5("other", "base64") } }, 400, "BadDigest"],
    [
      "a wrong x-amz-content-sha256",
      { headers: { "x-amz-content-sha256": "0".repeat(64) } },
      400,
      "XAmzContentSHA256Mismatch",
    ],
    ["a body shorter than it says", { headers: { "content-length": "4" } }, 400, "IncompleteBody"],
    ["a body longer than it says", { headers: { "content-length": "2" } }, 400, "IncompleteBody"],
    [
      "more than 2 KB of metadata",
      { headers: { "x-amz-meta-a": "x".repeat(2048) } },
      400,
      "MetadataTooLarge",
    ],
    [
      "a storage class that is none",
      { headers: { "x-amz-storage-class": "ATTIC" } },
      400,
      "InvalidStorageClass",
    ],
    ["an ACL", { headers: { "x-amz-acl": "private" } }, 501, "NotImplemented"],
    ["tags", { headers: { "x-amz-tagging": "a=b" } }, 501, "NotImplemented"],
    [
      "a customer's key",
      { headers: { "x-amz-server-side-encryption-customer-algorithm": "AES256" } },
      501,
      "NotImplemented",
    ],
    ["an append", { headers: { "x-amz-write-offset-bytes": "3" } }, 501, "NotImplemented"],
    [
      "a condition by date",
      { headers: { "if-unmodified-since": new Date().toUTCString() } },
      501,
      "NotImplemented",
    ],
    ["a subresource", { query: { acl: "" } }, 501, "NotImplemented"],
    ["a path that is not UTF-8", { path: "/bucket/%ff" }, 400, "InvalidURI"],
    ["a key of 1025 bytes", { path: `/bucket/${"x".repeat(1025)}` }, 400, "KeyTooLongError"],
    ["a bucket's name in capitals", { path: "/Bucket/k" }, 400, "InvalidBucketName"],
  ];
  it.each(cases)(
    "%s, and nothing is changed",
    async (_what, { path = "/bucket/k", ...options }, status, code) => {
      const answer = await send(handler, "PUT", path, { body: "new", ...options });
      expect(answer).toMatchObject({ status, code });
      expect(answer.headers).toMatchObject({
        "content-type": "application/xml",
        "x-amz-request-id": expect.stringMatching(/^[0-9A-F]{16}$/) as string,
        date: expect.any(String) as string,
        server: expect.any(String) as string,
      });
      expect((await send(handler, "GET", "/bucket/k")).body.toString()).toBe("old");
      expect(await leftovers(directory)).toEqual([]);
    },
  );

  it.each(["acl", "tagging", "torrent", "retention", "attributes", "select", "restore"])(
    "GET and DELETE with ?%s",
    async (name) => {
      for (const method of ["GET", "HEAD", "DELETE", "POST"]) {
        const answer = await send(handler, method, "/bucket/k", { query: { [name]: "" } });
        expect(answer.status).toBe(501);
        expect(answer.code).toBe(method === "HEAD" ? undefined : "NotImplemented");
      }
      expect((await send(handler, "GET", "/bucket/k")).body.toString()).toBe("old");
    },
  );

  // Of GET and HEAD as of DELETE: nothing in the library sends them.
  it.each<[string, Parameters<typeof send>[3]]>([
    ["a version", { query: { versionId: "null" } }],
    ["a part", { query: { partNumber: "1" } }],
    ["a part of an upload", { query: { uploadId: "0".repeat(32) } }],
    ["other headers", { query: { "response-content-type": "text/html" } }],
    ["a presigned URL", { query: { "X-Amz-Signature": "0", "X-Amz-Credential": "spec/20260101" } }],
    ["a condition by date", { headers: { "if-modified-since": new Date().toUTCString() } }],
    ["the other condition by date", { headers: { "if-unmodified-since": new Date().toUTCString() } }],
  ])("%s", async (_what, options) => {
    for (const method of ["GET", "HEAD"])
      expect(await send(handler, method, "/bucket/k", options)).toMatchObject({ status: 501 });
    expect((await send(handler, "GET", "/bucket/k")).body.toString()).toBe("old");
  });

  it.each([
    ["a version of its source", { "x-amz-copy-source": "bucket/k?versionId=null" }],
    ["another checksum", { "x-amz-copy-source": "bucket/k", "x-amz-checksum-algorithm": "SHA256" }],
    [
      "a condition by date",
      {
        "x-amz-copy-source": "bucket/k",
        "x-amz-copy-source-if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT",
      },
    ],
    ["the headers of its source", { "x-amz-copy-source": "bucket/k", "x-amz-metadata-directive": "COPY" }],
  ])("a copy with %s", async (_what, given) => {
    const headers = { "x-amz-metadata-directive": "REPLACE", ...given };
    const answer = await send(handler, "PUT", "/bucket/copy", { headers });
    expect(answer).toMatchObject({ status: 501, code: "NotImplemented" });
    expect((await send(handler, "GET", "/bucket/copy")).code).toBe("NoSuchKey");
  });
});

describe("a body that is cut", () => {
  it.each([10, 20 * 2 ** 20])("after %d bytes leaves the old value, and nothing of the new", async (size) => {
    const directory = temporaryDirectory();
    const handler = localHandler({ directory });
    await send(handler, "PUT", "/bucket/k", { body: "old" });
    const broken = Readable.from(
      (function* () {
        yield Buffer.alloc(size);
        throw new Error("cut");
      })(),
    );
    await expect(send(handler, "PUT", "/bucket/k", { body: broken })).rejects.toThrow("cut");
    expect((await send(handler, "GET", "/bucket/k")).body.toString()).toBe("old");
    expect(await leftovers(directory)).toEqual([]);
  });

  it("by an abort leaves the old value, and is an AbortError", async () => {
    const directory = temporaryDirectory();
    const handler = localHandler({ directory });
    await send(handler, "PUT", "/bucket/k", { body: "old" });
    const controller = new AbortController();
    const body = Readable.from(
      (function* () {
        for (let n = 0; n < 20; n++) {
          if (n === 15) controller.abort();
          yield Buffer.alloc(2 ** 20);
        }
      })(),
      { highWaterMark: 1 },
    );
    await expect(
      send(handler, "PUT", "/bucket/k", { body, signal: controller.signal }),
    ).rejects.toMatchObject({ name: "AbortError" });
    expect((await send(handler, "GET", "/bucket/k")).body.toString()).toBe("old");
    expect(await leftovers(directory)).toEqual([]);
  });
});

describe("a large object that is overwritten and deleted while it is read", () => {
  it("is read whole, and leaves nothing", async () => {
    const directory = temporaryDirectory();
    const handler = localHandler({ directory });
    const body = randomBytes(10 * 2 ** 20);
    await send(handler, "PUT", "/bucket/k", { body });
    const { response } = await handler.handle({ method: "GET", path: "/bucket/k", headers: {} });
    const pieces: Buffer[] = [];
    for await (const piece of response.body as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if (pieces.length === 1) await send(handler, "PUT", "/bucket/k", { body: randomBytes(10 * 2 ** 20) });
      if (pieces.length === 3) await send(handler, "DELETE", "/bucket/k");
      // Would be put where the old body was, if its pages were free.
      if (pieces.length === 4)
        await send(handler, "PUT", "/bucket/other", { body: randomBytes(10 * 2 ** 20) });
    }
    expect(Buffer.concat(pieces).equals(body)).toBe(true);
    expect(await leftovers(directory)).toEqual([]);
  });
});

describe("LocalS3Handler#destroy()", () => {
  it("lets a body that is being read come to its end, and refuses what comes after", async () => {
    const handler = localHandler();
    const body = randomBytes(5 * 2 ** 20);
    await send(handler, "PUT", "/bucket/k", { body });
    const { response } = await handler.handle({ method: "GET", path: "/bucket/k", headers: {} });
    handler.destroy();
    const pieces: Buffer[] = [];
    for await (const piece of response.body as AsyncIterable<Buffer>) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(body)).toBe(true);
    await expect(send(handler, "GET", "/bucket/k")).rejects.toThrow("destroyed");
  });
});
