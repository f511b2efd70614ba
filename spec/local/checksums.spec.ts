import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, type ChecksumAlgorithm } from "@aws-sdk/client-s3";
import { checksumAlgorithms, createChecksum } from "../../lib/local/body/checksums.js";
import { combineCrcs } from "../../lib/local/body/crc-combine.js";
import {
  clientOf,
  leftovers,
  localClient,
  localHandler,
  removeDirectories,
  send,
  temporaryDirectory,
} from "./client";

afterAll(removeDirectories);

const ofDigits = { crc32: "cbf43926", crc32c: "e3069283", crc64nvme: "ae8b14860a799888" } as const;

describe("createChecksum()", () => {
  // The published check values, of "123456789".
  it.each(Object.entries(ofDigits))("computes %s", (name, expected) => {
    const checksum = createChecksum(name as keyof typeof ofDigits);
    checksum.update(Buffer.from("1234"));
    checksum.update(Buffer.from("56789"));
    expect(checksum.digest().toString("hex")).toBe(expected);
  });

  it.each(Object.keys(ofDigits) as (keyof typeof ofDigits)[])(
    "%s of a whole follows from those of its parts",
    (name) => {
      const parts = [0, 1, 1000, 12345].map((size) => randomBytes(size));
      const whole = createChecksum(name);
      const digests = parts.map((part) => {
        whole.update(part);
        const one = createChecksum(name);
        one.update(part);
        return { digest: one.digest(), size: part.length };
      });
      expect(combineCrcs(name, digests).equals(whole.digest())).toBe(true);
    },
  );
});

describe.each(checksumAlgorithms)("a PUT with x-amz-checksum-%s", (algorithm) => {
  const name = `x-amz-checksum-${algorithm}`;
  const checksum = createChecksum(algorithm);
  checksum.update(Buffer.from("right"));
  const value = checksum.digest().toString("base64");

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

  it("is refused when it is no checksum", async () => {
    const options = { body: "right", headers: { [name]: "AAAA=" } };
    expect(await send(localHandler(), "PUT", "/bucket/k", options)).toMatchObject({
      status: 400,
      code: "InvalidRequest",
    });
  });
});

it("two checksums at once are refused", async () => {
  const headers = { "x-amz-checksum-crc32": "y/Q5Jg==", "x-amz-checksum-crc32c": "4waSgw==" };
  expect(await send(localHandler(), "PUT", "/bucket/k", { body: "123456789", headers })).toMatchObject({
    code: "InvalidRequest",
  });
});

describe("an aws-chunked body", () => {
  const chunked = (trailer: string, text = "5;chunk-signature=0\r\nhello\r\n6\r\n world\r\n0\r\n") =>
    `${text}${trailer}`;
  const headers = {
    "content-encoding": "gzip,aws-chunked",
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": "11",
    "x-amz-trailer": "x-amz-checksum-crc32",
  };
  const crc32 = "x-amz-checksum-crc32:DUoRhQ==\r\n";

  // At every place, and so within sizes, signatures, line ends and trailers.
  it("is decoded wherever the stream is divided", async () => {
    const handler = localHandler();
    const text = Buffer.from(chunked(`${crc32}\r\n`));
    for (let at = 1; at < text.length; at++) {
      const body = Readable.from([text.subarray(0, at), text.subarray(at)]);
      expect(await send(handler, "PUT", "/bucket/k", { body, headers })).toMatchObject({ status: 200 });
      const got = await send(handler, "GET", "/bucket/k");
      expect(got.body.toString()).toBe("hello world");
      expect(got.headers["content-encoding"]).toBe("gzip");
      await send(handler, "DELETE", "/bucket/k");
    }
  });

  it.each([
    ["a wrong checksum", chunked("x-amz-checksum-crc32:AAAAAA==\r\n\r\n"), "BadDigest"],
    ["no checksum", chunked("\r\n"), "MalformedTrailerError"],
    ["a trailer that is none", chunked("nonsense\r\n\r\n"), "MalformedTrailerError"],
    ["more behind its end", chunked(`${crc32}\r\nmore`), "MalformedTrailerError"],
    ["its end cut off", "5\r\nhello\r\n6\r\n wor", "IncompleteBody"],
    ["its last chunk cut off", "5\r\nhello\r\n", "IncompleteBody"],
    ["a size that is none", "five\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    ["another length than it says", chunked(`${crc32}\r\n`, "5\r\nhello\r\n0\r\n"), "IncompleteBody"],
  ])("with %s is refused", async (_what, body, code) => {
    const handler = localHandler();
    expect(await send(handler, "PUT", "/bucket/k", { body, headers })).toMatchObject({ status: 400, code });
    expect((await send(handler, "GET", "/bucket/k")).code).toBe("NoSuchKey");
  });
});

describe("the SDK's own checksums", () => {
  it.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as ChecksumAlgorithm[])(
    "%s, of a buffer and in the trailer of a stream",
    async (algorithm) => {
      const client = localClient();
      const body = randomBytes(300_000);
      for (const Body of [body, Readable.from([body.subarray(0, 7), body.subarray(7)])]) {
        const input = {
          Bucket: "bucket",
          Key: "k",
          Body,
          ContentLength: body.length,
          ChecksumAlgorithm: algorithm,
        };
        const stored = await client.send(new PutObjectCommand(input));
        const field = `Checksum${algorithm}` as const;
        expect(stored[field as "ChecksumCRC32"]).toMatch(/^[\w+/]+=*$/);
        // The SDK checks it again, while it reads.
        const got = await client.send(
          new GetObjectCommand({ Bucket: "bucket", Key: "k", ChecksumMode: "ENABLED" }),
        );
        expect(got[field as "ChecksumCRC32"]).toBe(stored[field as "ChecksumCRC32"]);
        expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
      }
    },
  );

  it("are refused when the stream was another, and nothing remains", async () => {
    const directory = temporaryDirectory();
    const handler = localHandler({ directory });
    const client = clientOf({
      requestHandler: {
        handle: (request: { body: Readable }, options: object) => {
          const changed = async function* () {
            for await (const piece of request.body as AsyncIterable<Buffer>)
              yield piece.length > 1e6 ? piece.fill(0, 500, 501) : piece;
          };
          return handler.handle({ ...request, body: Readable.from(changed()) } as never, options);
        },
      },
    });
    const body = Buffer.alloc(12 * 2 ** 20, 1);
    const pieces = Array.from({ length: 12 }, (_, n) => body.subarray(n * 2 ** 20, (n + 1) * 2 ** 20));
    const input = { Bucket: "bucket", Key: "k", Body: Readable.from(pieces), ContentLength: body.length };
    // The SDK would say on the console that it cannot send a stream twice.
    const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    await expect(client.send(new PutObjectCommand(input))).rejects.toMatchObject({ name: "BadDigest" });
    warn.mockRestore();
    expect((await send(handler, "GET", "/bucket/k")).code).toBe("NoSuchKey");
    expect(await leftovers(directory)).toEqual([]);
  });
});
