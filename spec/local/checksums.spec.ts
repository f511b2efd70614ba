import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { combineCrc32s, crc32Text } from "../../lib/local/body/crc32.js";
import { leftovers, localClient, localHandler, removeDirectories, send, temporaryDirectory } from "./client";

afterAll(removeDirectories);

describe("crc32Text()", () => {
  it("writes the published check value, of 123456789", () => {
    expect(crc32Text(crc32("123456789"))).toBe(Buffer.from("cbf43926", "hex").toString("base64"));
  });
});

describe("combineCrc32s()", () => {
  it.each([[[]], [[0]], [[1, 0, 2]], [[0, 1, 1000, 12345]], [[70_000, 3, 70_000]]])(
    "gives that of a whole from those of its parts, of %j bytes",
    (sizes) => {
      const parts = sizes.map((size) => randomBytes(size));
      const digests = parts.map((part) => ({ checksum: crc32Text(crc32(part)), size: part.length }));
      expect(combineCrc32s(digests)).toBe(crc32Text(crc32(Buffer.concat(parts))));
    },
  );

  it("takes parts whose bits cannot be counted in 32 bits", () => {
    const start = { checksum: crc32Text(crc32("x")), size: 1 };
    let zeros = { checksum: crc32Text(crc32(Buffer.alloc(2 ** 20))), size: 2 ** 20 };
    const steps: (typeof zeros)[] = [];
    while (zeros.size < 2 ** 33) {
      steps.push(zeros);
      zeros = { checksum: combineCrc32s([zeros, zeros]), size: 2 * zeros.size };
    }
    // The steps are 2^33 - 2^20 bytes together.
    expect(combineCrc32s([start, zeros])).toBe(combineCrc32s([start, steps[0]!, ...steps]));
  });
});

describe("a PUT with x-amz-checksum-crc32", () => {
  const name = "x-amz-checksum-crc32";
  const value = crc32Text(crc32("right"));

  it("is stored, and answers it again", async () => {
    const handler = localHandler();
    const answer = await send(handler, "PUT", "/bucket/k", { body: "right", headers: { [name]: value } });
    expect(answer).toMatchObject({
      status: 200,
      headers: { [name]: value, "x-amz-checksum-type": "FULL_OBJECT" },
    });
    const head = await send(handler, "HEAD", "/bucket/k", { headers: { "x-amz-checksum-mode": "ENABLED" } });
    expect(head.headers[name]).toBe(value);
    expect((await send(handler, "HEAD", "/bucket/k")).headers[name]).toBeUndefined();
  });

  it("is refused when the body is another", async () => {
    const handler = localHandler();
    const options = { body: "wrong", headers: { [name]: value } };
    expect(await send(handler, "PUT", "/bucket/k", options)).toMatchObject({
      status: 400,
      code: "BadDigest",
    });
    expect((await send(handler, "GET", "/bucket/k")).code).toBe("NoSuchKey");
  });

  it("is refused when the stream was another, and nothing remains", async () => {
    const directory = temporaryDirectory();
    const handler = localHandler({ directory });
    const bytes = Buffer.alloc(12 * 2 ** 20, 1);
    const headers = { [name]: crc32Text(crc32(bytes)), "content-length": String(bytes.length) };
    bytes.fill(0, 500, 501);
    const pieces = Array.from({ length: 12 }, (_, n) => bytes.subarray(n * 2 ** 20, (n + 1) * 2 ** 20));
    const answer = await send(handler, "PUT", "/bucket/k", { body: Readable.from(pieces), headers });
    expect(answer.code).toBe("BadDigest");
    expect((await send(handler, "GET", "/bucket/k")).code).toBe("NoSuchKey");
    expect(await leftovers(directory)).toEqual([]);
  });

  it("is what the SDK sends of a buffer, and checks while it reads", async () => {
    const client = localClient();
    const Body = randomBytes(300_000);
    const stored = await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body }));
    expect(stored.ChecksumCRC32).toBe(crc32Text(crc32(Body)));
    const got = await client.send(
      new GetObjectCommand({ Bucket: "bucket", Key: "k", ChecksumMode: "ENABLED" }),
    );
    expect(got.ChecksumCRC32).toBe(stored.ChecksumCRC32);
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
  });
});

// Nothing in the library sends these: to store them unchecked would claim what was not done.
describe("what is not implemented", () => {
  it.each([
    { "x-amz-checksum-crc32c": "4waSgw==" },
    { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" },
    { "x-amz-checksum-sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk=" },
    { "x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
    { "x-amz-checksum-xxhash128": "AAAAAAAAAAAAAAAAAAAAAA==" },
    { "x-amz-checksum-crc32": "y/Q5Jg==", "x-amz-checksum-crc32c": "4waSgw==" },
    { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "9" },
    { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
  ] as Record<string, string>[])("a PUT with %j", async (headers) => {
    const handler = localHandler();
    const answer = await send(handler, "PUT", "/bucket/k", { body: "123456789", headers });
    expect(answer).toMatchObject({ status: 501, code: "NotImplemented" });
    expect((await send(handler, "GET", "/bucket/k")).code).toBe("NoSuchKey");
  });
});
